/* What the bare loops share: apr_dbd with as little around it as can be. */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_dbd.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <apr_time.h>

typedef struct bare_t {
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle;
    apr_pool_t *pool;
} bare_t;

/* A figure that rests on a failed statement is none. */
static inline void bare_check(const bare_t *bare, int ret, const char *what)
{
    if (ret) {
        fprintf(stderr, "%s: %s\n", what, apr_dbd_error(bare->driver, bare->handle, ret));
        exit(1);
    }
}

static inline void bare_run(const bare_t *bare, const char *sql)
{
    int rows;

    bare_check(bare, apr_dbd_query(bare->driver, bare->handle, &rows, sql), sql);
}

/* A PRAGMA may give a row. */
static inline void bare_pragma(const bare_t *bare, const char *sql)
{
    apr_dbd_results_t *rows = NULL;

    bare_check(bare, apr_dbd_select(bare->driver, bare->pool, bare->handle, &rows, sql, 1), sql);
}

static inline int bare_is_sqlite(const bare_t *bare)
{
    return !strcmp(apr_dbd_name(bare->driver), "sqlite3");
}

/* SQLite with the settings that an answer may depend on: WAL, every commit on the disk. */
static inline void bare_open(bare_t *bare, const char *driver, const char *params)
{
    const char *error = "no such driver";

    apr_initialize();
    apr_pool_create(&bare->pool, NULL);
    apr_dbd_init(bare->pool);
    if (apr_dbd_get_driver(bare->pool, driver, &bare->driver) != APR_SUCCESS ||
        apr_dbd_open_ex(bare->driver, bare->pool, params, &bare->handle, &error) != APR_SUCCESS) {
        fprintf(stderr, "%s: %s\n", driver, error);
        exit(1);
    }
    if (bare_is_sqlite(bare)) {
        bare_pragma(bare, "PRAGMA journal_mode = WAL");
        bare_pragma(bare, "PRAGMA synchronous = FULL");
    }
}

static inline apr_dbd_prepared_t *bare_prepare(const bare_t *bare, const char *sql)
{
    apr_dbd_prepared_t *statement = NULL;

    bare_check(bare, apr_dbd_prepare(bare->driver, bare->pool, bare->handle, sql, NULL, &statement),
               sql);
    return statement;
}

static inline double bare_seconds(apr_time_t since)
{
    return (double)(apr_time_now() - since) / APR_USEC_PER_SEC;
}

#endif
