/* datasyncctl check: is everything in the database as it always must be? */
#include "ctl.h"

#include <stdio.h>

#include "ds_check.h"
#include "ds_db_migrate.h"

int ctl_check(ctl_t *ctl, const char *const *arguments)
{
    apr_array_header_t *faults;
    ds_db_schema_t schema;
    apr_status_t status = ds_db_schema_get(&schema, ctl->db, ctl->pool);
    json_t *list;

    if (status == APR_SUCCESS) {
        status = ds_check_run(&faults, ctl->db, ctl->pool);
    }
    if (status != APR_SUCCESS) {
        return ctl_fail_status(ctl, status, "check the database");
    }
    list = json_array();
    for (int i = 0; i < faults->nelts; i++) {
        const char *fault = APR_ARRAY_IDX(faults, i, const char *);

        json_array_append_new(list, ctl_json_text(fault, ctl->pool));
        if (!ctl->json) {
            printf("%s\n", fault);
        }
    }
    ctl_result_print(ctl, json_pack("{si so}", "schema", schema.version, "faults", list),
                     "schema %d, %d fault%s", schema.version, faults->nelts,
                     faults->nelts == 1 ? "" : "s");
    return faults->nelts ? CTL_REFUSED : CTL_OK;
}
