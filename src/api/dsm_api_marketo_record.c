/* One record of a custom object as JSON: read from a call, printed into an answer. */
#include "dsm_api_marketo.h"

#include <apr_strings.h>

#include <string.h>
#include <strings.h>

#include "ds_field.h"

#define VALUE_SHOWN 60 /* bytes of a stranger's value in a sentence */

/* Why a record is skipped; only the first reason counts. */
static void reason_set(dsm_marketo_record_t *record, const char *code, const char *message)
{
    if (!record->code) {
        record->code = code;
        record->message = message;
    }
}

static void value_take(dsm_marketo_record_t *record, const ds_field_t *field, int position,
                       const json_t *value, apr_pool_t *pool)
{
    char *normal = apr_palloc(pool, DS_VALUE_NORMAL_SIZE), *text, place[40];
    const char *why;
    ds_reason_e reason;

    record->given[position] = 1;
    record->values[position] = NULL;
    if (!ds_field_text(&text, value, pool)) {
        reason_set(record, "1003", "Invalid data");
        return;
    }
    if (!text) {
        return;
    }
    record->values[position] =
        ds_field_check(normal, &reason, &why, place, field, text, strlen(text));
    if (!record->values[position]) {
        reason_set(record, "1001",
                   apr_psprintf(pool, "Invalid value '%.*s'. Required of type '%s'", VALUE_SHOWN,
                                text, ds_value_type_name(field->type)));
    }
}

static void member_take(dsm_marketo_record_t *record, const ds_object_t *object, const char *name,
                        const json_t *value, int by_id, apr_pool_t *pool)
{
    int position = ds_object_field_find(object, name);

    if (position >= 0) {
        value_take(record, &APR_ARRAY_IDX(object->fields, position, ds_field_t), position, value,
                   pool);
    }
    else if (!strcasecmp(name, "marketoGUID") && by_id) {
        record->guid = json_is_string(value) ? apr_pstrdup(pool, json_string_value(value)) : NULL;
    }
    else if (dsm_marketo_is_read_only(name)) {
        reason_set(record, "1011", apr_psprintf(pool, "Field '%s' not supported", name));
    }
    else {
        reason_set(record, "1006", apr_psprintf(pool, "Field '%.*s' not found", VALUE_SHOWN, name));
    }
}

/* What names the record must be there. */
static void name_check(dsm_marketo_record_t *record, const ds_object_t *object, int by_id,
                       apr_pool_t *pool)
{
    const char *missing = by_id && !record->guid ? "marketoGUID" : NULL;
    int i;

    for (i = 0; !by_id && !missing && i < object->fields->nelts; ++i) {
        const ds_field_t *field = &APR_ARRAY_IDX(object->fields, i, ds_field_t);

        if (field->is_key && !record->values[i]) {
            missing = field->name;
        }
    }
    if (missing) {
        reason_set(record, "1002",
                   apr_psprintf(pool, "Missing value for the required parameter '%s'", missing));
    }
}

void dsm_marketo_record_read(dsm_marketo_record_t *record, const ds_object_t *object, json_t *json,
                             int by_id, apr_pool_t *pool)
{
    apr_size_t count = (apr_size_t)object->fields->nelts;
    const char *name;
    json_t *value;

    memset(record, 0, sizeof(*record));
    record->values = apr_pcalloc(pool, sizeof(char *) * count);
    record->given = apr_pcalloc(pool, sizeof(int) * count);
    if (!json_is_object(json)) {
        reason_set(record, "1003", "Invalid data");
        return;
    }
    json_object_foreach(json, name, value)
    {
        member_take(record, object, name, value, by_id, pool);
    }
    name_check(record, object, by_id, pool);
}

void dsm_marketo_record_skip(dsm_marketo_record_t *record, const char *code, const char *message)
{
    record->status = "skipped";
    record->code = code;
    record->message = message;
}

int dsm_marketo_is_read_only(const char *name)
{
    return !strcasecmp(name, "createdAt") || !strcasecmp(name, "updatedAt") ||
           !strcasecmp(name, "marketoGUID");
}

/* The values of the key as one text: the length of each before it. */
static const char *key_text(const ds_object_t *object, const char *const *values, apr_pool_t *pool)
{
    const char *key = "";
    int i;

    for (i = 0; i < object->fields->nelts; ++i) {
        if (APR_ARRAY_IDX(object->fields, i, ds_field_t).is_key) {
            key = apr_psprintf(pool, "%s%" APR_SIZE_T_FMT ":%s", key, strlen(values[i]), values[i]);
        }
    }
    return key;
}

int dsm_marketo_key_take(apr_hash_t *seen, const ds_object_t *object, const char *const *values,
                         apr_pool_t *pool)
{
    const char *key = key_text(object, values, pool);

    if (apr_hash_get(seen, key, APR_HASH_KEY_STRING)) {
        return 0;
    }
    apr_hash_set(seen, key, APR_HASH_KEY_STRING, "");
    return 1;
}

/* --- answers --- */

void dsm_marketo_record_write(ds_fmt_doc_t *doc, const dsm_marketo_record_t *record, int seq)
{
    ds_fmt_doc_map_begin(doc);
    dsm_marketo_number_write(doc, "seq", seq);
    dsm_marketo_text_write(doc, "status", record->status);
    if (*record->told) {
        dsm_marketo_text_write(doc, "marketoGUID", record->told);
    }
    if (record->code) {
        ds_fmt_doc_key(doc, "reasons");
        ds_fmt_doc_array_begin(doc);
        ds_fmt_doc_map_begin(doc);
        dsm_marketo_text_write(doc, "code", record->code);
        dsm_marketo_text_write(doc, "message", record->message);
        ds_fmt_doc_map_end(doc);
        ds_fmt_doc_array_end(doc);
    }
    ds_fmt_doc_map_end(doc);
}

void dsm_marketo_value_write(ds_fmt_doc_t *doc, const ds_field_t *field, const char *value)
{
    ds_fmt_doc_key(doc, field->name);
    if (value && field->type == DS_TYPE_BOOLEAN) {
        ds_fmt_doc_boolean(doc, *value == '1' || *value == 't');
    }
    else if (value && (field->type == DS_TYPE_INTEGER ||
                       (field->type == DS_TYPE_DECIMAL && !strpbrk(value, "eE")))) {
        ds_fmt_doc_number(doc, value);
    }
    else {
        ds_fmt_doc_text(doc, value);
    }
}
