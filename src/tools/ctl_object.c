/* datasyncctl object ... */
#include "ctl.h"

#include <apr_strings.h>

#include "ds_db_table.h"

static json_t *fields_json(const ds_object_t *object)
{
    json_t *fields = json_array();

    for (int i = 0; i < object->fields->nelts; i++) {
        const ds_field_t *field = &APR_ARRAY_IDX(object->fields, i, ds_field_t);
        json_t *member = json_pack("{ss ss sb}", "name", field->name, "type",
                                   ds_value_type_name(field->type), "key", field->is_key);

        if (field->type == DS_TYPE_STRING) {
            json_object_set_new(member, "max_length", json_integer(field->max_length));
        }
        json_array_append_new(fields, member);
    }
    return fields;
}

static const char *keys_text(const ds_object_t *object, apr_pool_t *pool)
{
    const char *text = "";

    for (int i = 0; i < object->keys->nelts; i++) {
        int position = APR_ARRAY_IDX(object->keys, i, int);
        const ds_field_t *field = &APR_ARRAY_IDX(object->fields, position, ds_field_t);

        text = apr_pstrcat(pool, text, i ? "," : "", field->name, NULL);
    }
    return text;
}

int ctl_object_list(ctl_t *ctl, const char *const *arguments)
{
    static const ctl_column_t columns[] = {{"name", "NAME"},
                                           {"key", "KEY"},
                                           {"fields", "FIELDS"},
                                           {"rows", "ROWS"},
                                           {"display_name", "DISPLAY NAME"},
                                           {NULL, NULL}};
    json_t *list = json_array();

    for (int i = 0; i < ctl->def->objects->nelts; i++) {
        const ds_object_t *object = APR_ARRAY_IDX(ctl->def->objects, i, const ds_object_t *);
        apr_int64_t rows;
        apr_status_t status = ds_db_table_count(&rows, ctl->db, object->name, ctl->pool);

        if (status != APR_SUCCESS) {
            json_decref(list);
            return ctl_fail_status(ctl, status, "count rows");
        }
        json_array_append_new(list,
                              json_pack("{ss so ss so sI}", "name", object->name, "display_name",
                                        ctl_json_text(object->display_name, ctl->pool), "key",
                                        keys_text(object, ctl->pool), "fields", fields_json(object),
                                        "rows", (json_int_t)rows));
    }
    return ctl_rows_print(ctl, list, columns);
}
