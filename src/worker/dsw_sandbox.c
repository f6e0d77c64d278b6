#include "dsw_sandbox_private.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ds_sync.h"
#include "dsw_process.h"

#define SLACK (32 * 1024 * 1024) /* bytes beside SQLite's own: messages, and what malloc keeps */
#define WORDS_SIZE 300

typedef struct {
    const dsw_sandbox_t *sandbox;
    dsw_wire_t *wire;
    dsw_wire_t *rows; /* the same one: rows gather while a table asks for more of its own */
    sqlite3 *db;
    sqlite3_stmt *statement;
    int width;                /* columns of its result */
    char refusal[WORDS_SIZE]; /* what the judge has refused; "": nothing */
} box_t;

/* --- walls --- */

/* Bytes of addresses that the process has now; 0: nobody knows. */
static rlim_t memory_now(void)
{
    unsigned long pages = 0;
    FILE *in = fopen("/proc/self/statm", "r");

    if (in && fscanf(in, "%lu", &pages) != 1)
        pages = 0;
    if (in)
        fclose(in);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* grace: between the first signal and the kernel's last word. */
static int limit_set(int resource, rlim_t most, rlim_t grace)
{
    struct rlimit limit;

    if (getrlimit(resource, &limit) != 0)
        return 0;
    if (limit.rlim_max > most + grace)
        limit.rlim_max = most + grace;
    limit.rlim_cur = limit.rlim_max > most ? most : limit.rlim_max;
    return setrlimit(resource, &limit) == 0;
}

/* From here on nothing can be opened, made, executed or written but to the wire. */
static int walls_raise(int *fd, const dsw_sandbox_t *sandbox)
{
    rlim_t memory = memory_now();

    *fd = dsw_process_descriptors_close(*fd);
    if (!memory || *fd < 0 || fcntl(*fd, F_SETFL, 0) != 0)
        return 0;
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && limit_set(RLIMIT_CORE, 0, 0) &&
           limit_set(RLIMIT_FSIZE, 0, 0) && limit_set(RLIMIT_NPROC, 0, 0) &&
           limit_set(RLIMIT_CPU, (rlim_t)sandbox->seconds + 1, 2) &&
           limit_set(RLIMIT_AS, memory + (rlim_t)sandbox->memory + SLACK, 0) &&
           limit_set(RLIMIT_NOFILE, 0, 0);
}

/* --- the wire --- */

static void trouble_exit(apr_status_t status)
{
    if (status != APR_SUCCESS)
        _exit(status == APR_ENOMEM ? DSW_SANDBOX_MEMORY : DSW_SANDBOX_WIRE);
}

void dsw_sandbox_send(dsw_wire_t *wire)
{
    trouble_exit(dsw_wire_send(wire));
}

void dsw_sandbox_ask(dsw_message_t *answer, dsw_wire_t *wire)
{
    dsw_sandbox_send(wire);
    trouble_exit(dsw_wire_receive(answer, wire));
}

/* Always false. */
static int fault_tell(box_t *box, dsw_fault_e fault, const char *words)
{
    dsw_wire_begin(box->wire, DSW_FAULT);
    dsw_wire_number_add(box->wire, fault);
    dsw_wire_text_add(box->wire, words);
    dsw_sandbox_send(box->wire);
    return 0;
}

/* What SQLite says about its last call. */
static int sqlite_fault_tell(box_t *box, dsw_fault_e fault)
{
    int code = box->db ? sqlite3_errcode(box->db) & 0xff : SQLITE_NOMEM;

    if (code == SQLITE_NOMEM)
        return fault_tell(box, DSW_FAULT_MEMORY, "");
    return fault_tell(box, fault, *box->refusal ? box->refusal : sqlite3_errmsg(box->db));
}

/* --- what a query may do --- */

/* Those whose result follows from their arguments, and whose work is in proportion to them. */
static const char *const functions[] = {
    "abs",        "avg",      "char",       "coalesce",    "count",      "cume_dist",
    "date",       "datetime", "dense_rank", "first_value", "glob",       "group_concat",
    "hex",        "ifnull",   "iif",        "instr",       "julianday",  "lag",
    "last_value", "lead",     "length",     "like",        "lower",      "ltrim",
    "max",        "min",      "nth_value",  "ntile",       "nullif",     "percent_rank",
    "quote",      "rank",     "replace",    "round",       "row_number", "rtrim",
    "sign",       "strftime", "substr",     "substring",   "sum",        "time",
    "total",      "trim",     "typeof",     "unicode",     "unixepoch",  "upper"};

static int function_is_known(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof(functions) / sizeof(*functions); i++)
        if (!strcasecmp(functions[i], name))
            return 1;
    return 0;
}

/* A name of WITH of which no column is wanted is asked for like a table. SQLite's own are not. */
static int table_is_known(const dsw_sandbox_t *sandbox, const char *name, const char *column)
{
    int i;

    for (i = 0; i < sandbox->table_count; i++)
        if (!strcasecmp(sandbox->tables[i].name, name))
            return 1;
    return !*column && strncasecmp(name, "sqlite_", 7) && strncasecmp(name, "pragma_", 7);
}

static int refuse(box_t *box, const char *format, const char *name)
{
    sqlite3_snprintf(sizeof(box->refusal), box->refusal, format, name);
    return SQLITE_DENY;
}

/* SQLite asks while it reads a statement. The defence is that nothing else is there; this is for
 * the words, and for what SQLite has by itself. */
static int action_judge(void *baton, int action, const char *first, const char *second,
                        const char *database, const char *trigger)
{
    box_t *box = baton;

    switch (action) {
    case SQLITE_SELECT: return SQLITE_OK;
    case SQLITE_READ:
        return table_is_known(box->sandbox, first, second)
                   ? SQLITE_OK
                   : refuse(box, "no such table: %.60s", first);
    case SQLITE_FUNCTION:
        return function_is_known(second) ? SQLITE_OK
                                         : refuse(box, "no such function: %.60s", second);
    case SQLITE_RECURSIVE: return refuse(box, "a recursive WITH is not allowed%s", "");
    default: return refuse(box, "only SELECT is allowed%s", "");
    }
}

/* --- the connection --- */

static void limits_set(sqlite3 *db, const dsw_sandbox_t *sandbox)
{
    const struct {
        int limit, most;
    } limits[] = {
        {SQLITE_LIMIT_LENGTH,
         (int)(sandbox->memory / 4 < APR_INT32_MAX / 4 ? sandbox->memory / 4 : APR_INT32_MAX / 4)},
        {SQLITE_LIMIT_SQL_LENGTH, DS_QUERY_SIZE_MAX},
        {SQLITE_LIMIT_EXPR_DEPTH, 100},
        {SQLITE_LIMIT_COMPOUND_SELECT, 50},
        {SQLITE_LIMIT_VDBE_OP, 100000},
        {SQLITE_LIMIT_FUNCTION_ARG, 32},
        {SQLITE_LIMIT_ATTACHED, 0},
        {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000},
        {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
        {SQLITE_LIMIT_WORKER_THREADS, 0}};
    size_t i;

    for (i = 0; i < sizeof(limits) / sizeof(*limits); i++)
        sqlite3_limit(db, limits[i].limit, limits[i].most);
}

static int settings_set(sqlite3 *db)
{
    static const int settings[][2] = {{SQLITE_DBCONFIG_DEFENSIVE, 1},
                                      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                                      {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
                                      {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
                                      {SQLITE_DBCONFIG_DQS_DML, 0},
                                      {SQLITE_DBCONFIG_DQS_DDL, 0},
                                      {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0}};
    int ret = SQLITE_OK;
    size_t i;

    for (i = 0; i < sizeof(settings) / sizeof(*settings) && ret == SQLITE_OK; i++)
        ret = sqlite3_db_config(db, settings[i][0], settings[i][1], NULL);
    return ret;
}

/* The modules that SQLite brings along are taken away before ours come. */
static int connection_open(box_t *box, apr_pool_t *pool)
{
    int ret;

    sqlite3_hard_heap_limit64(sqlite3_memory_used() + box->sandbox->memory);
    ret = sqlite3_open_v2(":memory:", &box->db,
                          SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                              SQLITE_OPEN_PRIVATECACHE,
                          NULL);
    if (ret == SQLITE_OK)
        ret = sqlite3_exec(box->db, "PRAGMA temp_store = MEMORY", NULL, NULL, NULL);
    if (ret == SQLITE_OK)
        ret = sqlite3_drop_modules(box->db, NULL);
    if (ret == SQLITE_OK)
        ret = settings_set(box->db);
    if (ret == SQLITE_OK)
        ret = dsw_sandbox_tables_create(box->db, box->sandbox, box->wire, pool);
    if (ret == SQLITE_OK) {
        limits_set(box->db, box->sandbox);
        ret = sqlite3_set_authorizer(box->db, action_judge, box);
    }
    return ret == SQLITE_OK || sqlite_fault_tell(box, DSW_FAULT_RUN);
}

/* --- the query --- */

/* Behind a statement there may be spaces and comments, but no other one. */
static int rest_is_empty(box_t *box, const char *rest)
{
    sqlite3_stmt *another = NULL;
    int ret = SQLITE_OK;

    while (*rest && ret == SQLITE_OK && !another)
        ret = sqlite3_prepare_v2(box->db, rest, -1, &another, &rest);
    sqlite3_finalize(another);
    return ret == SQLITE_OK && !another;
}

static int query_prepare(box_t *box)
{
    const char *rest;

    if (sqlite3_prepare_v2(box->db, box->sandbox->sql, -1, &box->statement, &rest) != SQLITE_OK)
        return sqlite_fault_tell(box, DSW_FAULT_QUERY);
    if (!box->statement)
        return fault_tell(box, DSW_FAULT_QUERY, "there is no statement");
    if (!rest_is_empty(box, rest))
        return fault_tell(box, DSW_FAULT_QUERY, "write one statement, and nothing behind it");
    box->width = sqlite3_column_count(box->statement);
    if (!sqlite3_stmt_readonly(box->statement) || sqlite3_stmt_isexplain(box->statement) ||
        !box->width)
        return fault_tell(box, DSW_FAULT_QUERY, "only SELECT is allowed");
    if (sqlite3_bind_parameter_count(box->statement))
        return fault_tell(box, DSW_FAULT_QUERY, "a parameter has no value here: write the value");
    return 1;
}

/* A column as it stands in a table may be one of truth values. */
static int column_is_boolean(const box_t *box, int column)
{
    const char *type = sqlite3_column_decltype(box->statement, column);

    return type && !strcmp(type, "BOOLEAN");
}

static void columns_tell(box_t *box)
{
    int i;

    dsw_wire_begin(box->wire, DSW_COLUMNS);
    dsw_wire_number_add(box->wire, box->width);
    for (i = 0; i < box->width; i++) {
        dsw_wire_text_add(box->wire, sqlite3_column_name(box->statement, i));
        dsw_wire_number_add(box->wire, column_is_boolean(box, i));
    }
    dsw_sandbox_send(box->wire);
}

/* False for bytes that are no text, and for a text that finds no memory. */
static int value_get(dsw_value_t *value, const box_t *box, int column)
{
    *value = (dsw_value_t){.type = DSW_VALUE_NONE};
    switch (sqlite3_column_type(box->statement, column)) {
    case SQLITE_INTEGER:
        value->type = column_is_boolean(box, column) ? DSW_VALUE_BOOLEAN : DSW_VALUE_INTEGER;
        value->integer = sqlite3_column_int64(box->statement, column);
        return 1;
    case SQLITE_FLOAT:
        value->type = DSW_VALUE_DOUBLE;
        value->number = sqlite3_column_double(box->statement, column);
        return 1;
    case SQLITE_TEXT:
        value->type = DSW_VALUE_TEXT;
        value->text = (const char *)sqlite3_column_text(box->statement, column);
        value->length = (apr_size_t)sqlite3_column_bytes(box->statement, column);
        return value->text != NULL;
    default: return sqlite3_column_type(box->statement, column) == SQLITE_NULL;
    }
}

static int row_tell(box_t *box)
{
    dsw_value_t value;
    int i;

    for (i = 0; i < box->width; i++) {
        if (!value_get(&value, box, i))
            return sqlite3_column_type(box->statement, i) == SQLITE_BLOB
                       ? fault_tell(box, DSW_FAULT_RUN,
                                    "a value is bytes and no text: write hex() around it")
                       : sqlite_fault_tell(box, DSW_FAULT_RUN);
        dsw_wire_value_add(box->rows, &value);
    }
    if (dsw_wire_size(box->rows) < DSW_PIECE_SIZE)
        return 1;
    dsw_sandbox_send(box->rows);
    dsw_wire_begin(box->rows, DSW_ROWS);
    return 1;
}

static void rows_tell(box_t *box)
{
    int ret;

    dsw_wire_begin(box->rows, DSW_ROWS);
    while ((ret = sqlite3_step(box->statement)) == SQLITE_ROW)
        if (!row_tell(box))
            return;
    if (ret != SQLITE_DONE) {
        sqlite_fault_tell(box, DSW_FAULT_RUN);
        return;
    }
    dsw_sandbox_send(box->rows);
    dsw_wire_begin(box->wire, DSW_END);
    dsw_sandbox_send(box->wire);
}

void dsw_sandbox_run(const dsw_sandbox_t *sandbox, int fd, apr_pool_t *pool)
{
    box_t box = {.sandbox = sandbox};

    if (!walls_raise(&fd, sandbox))
        _exit(DSW_SANDBOX_WALLS);
    dsw_process_name_set("datasync-query");
    box.wire = dsw_wire_make(fd, (apr_size_t)sandbox->memory, NULL, NULL, pool);
    box.rows = dsw_wire_make(fd, 0, NULL, NULL, pool);
    if (connection_open(&box, pool) && query_prepare(&box)) {
        columns_tell(&box);
        rows_tell(&box);
    }
    _exit(0);
}
