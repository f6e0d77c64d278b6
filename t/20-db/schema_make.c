/* schema_make DRIVER PARAMETERS VERSION: an empty database as programs of that version made it.
 * With VERSION 0 it prints the newest version that there is, and leaves the database alone. */
#include <stdio.h>
#include <stdlib.h>

#include <apr_general.h>

#include "ds_db_migrate.h"

int main(int argc, char **argv)
{
    ds_db_where_t where = {.create = 1};
    ds_db_schema_t schema;
    ds_problem_t *problem;
    apr_pool_t *pool;
    ds_db_t *db;

    if (argc != 4)
        return 2;
    apr_initialize();
    apr_pool_create(&pool, NULL);
    where.driver = argv[1];
    where.params = argv[2];
    problem = ds_db_open(&db, &where, pool);
    if (!problem && atoi(argv[3]))
        problem = ds_db_migrate_to(db, atoi(argv[3]), pool);
    if (!problem && ds_db_schema_get(&schema, db, pool) == APR_SUCCESS)
        printf("%d\n", atoi(argv[3]) ? schema.version : schema.newest);
    if (problem)
        fprintf(stderr, "%s\n", problem->text);
    apr_terminate();
    return problem != NULL;
}
