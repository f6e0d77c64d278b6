/* datasyncctl source ...: source specs in files, and the connection specs that clients have sent.
 */
#include "ctl.h"

#include <apr_strings.h>
#include <stdio.h>

#include "ds_connection_spec.h"
#include "ds_src_spec.h"

/* The exit code; the message is printed. */
static int file_read(const char **text, apr_size_t *size, const ctl_t *ctl, const char *path)
{
    char *room = apr_palloc(ctl->pool, DS_SOURCE_SPEC_MAX + 1);
    apr_status_t status;

    *text = room;
    *size = 0;
    status = apr_file_read_full(ctl->input, room, DS_SOURCE_SPEC_MAX + 1, size);
    return status == APR_SUCCESS || APR_STATUS_IS_EOF(status)
               ? CTL_OK
               : ctl_fail(CTL_REFUSED, "%s: %s", path, ds_problem_status_text(status, ctl->pool));
}

static json_t *sentences_json(const ctl_t *ctl, const apr_array_header_t *sentences,
                              const char *title)
{
    json_t *list = json_array();

    for (int i = 0; i < sentences->nelts; i++) {
        const char *text = APR_ARRAY_IDX(sentences, i, const char *);

        json_array_append_new(list, ctl_json_text(text, ctl->pool));
        if (!ctl->json) {
            printf("%s: %s\n", title, ctl_text_clean(text, ctl->pool));
        }
    }
    return list;
}

/* What an administrator must write a SourceParam line for, or may. */
static json_t *params_json(const ctl_t *ctl, const ds_src_spec_t *spec)
{
    json_t *list = json_array();

    for (int i = 0; spec && i < spec->params->nelts; i++) {
        const ds_src_param_t *param = &APR_ARRAY_IDX(spec->params, i, ds_src_param_t);
        int needed = param->required && !param->preset;

        json_array_append_new(
            list,
            json_pack("{so sb}", "name", ctl_json_text(param->name, ctl->pool), "needed", needed));
        if (!ctl->json) {
            printf("parameter: SourceParam %s VALUE%s\n", ctl_text_clean(param->name, ctl->pool),
                   needed ? "" : " (may be left out)");
        }
    }
    return list;
}

int ctl_source_check(ctl_t *ctl, const char *const *arguments)
{
    json_t *mistakes, *warnings, *params;
    ds_src_report_t report;
    ds_src_spec_t *spec;
    const char *text;
    apr_size_t size;
    int code = file_read(&text, &size, ctl, arguments[0]);

    if (code != CTL_OK) {
        return code;
    }
    ds_src_spec_read(&spec, &report, text, size, ctl->pool);
    mistakes = sentences_json(ctl, report.mistakes, "mistake");
    warnings = sentences_json(ctl, report.warnings, "warning");
    params = params_json(ctl, spec);
    ctl_result_print(
        ctl, json_pack("{so so so}", "mistakes", mistakes, "warnings", warnings, "params", params),
        "%d mistake%s, %d warning%s", report.mistakes->nelts,
        report.mistakes->nelts == 1 ? "" : "s", report.warnings->nelts,
        report.warnings->nelts == 1 ? "" : "s");
    return spec ? CTL_OK : CTL_REFUSED;
}

/* --- connection specs --- */

int ctl_source_list(ctl_t *ctl, const char *const *arguments)
{
    static const ctl_column_t columns[] = {{"id", "ID"},
                                           {"version", "VERSION"},
                                           {"created_at", "CREATED"},
                                           {"created_by", "BY"},
                                           {"updated_at", "CHANGED"},
                                           {"updated_by", "BY"},
                                           {"name", "NAME"},
                                           {NULL, NULL}};
    apr_array_header_t *specs;
    apr_status_t status = ds_connection_spec_list(&specs, ctl->db, ctl->pool);
    json_t *list;

    if (status != APR_SUCCESS) {
        return ctl_fail_status(ctl, status, "list connection specs");
    }
    list = json_array();
    for (int i = 0; i < specs->nelts; i++) {
        const ds_connection_spec_t *spec = APR_ARRAY_IDX(specs, i, const ds_connection_spec_t *);

        json_array_append_new(list,
                              json_pack("{ss so sI so so so so}", "id", spec->id, "name",
                                        ctl_json_text(spec->name, ctl->pool), "version",
                                        (json_int_t)spec->version, "created_at",
                                        ctl_json_time(spec->created_at, ctl->pool), "created_by",
                                        ctl_json_text(spec->created_by, ctl->pool), "updated_at",
                                        ctl_json_time(spec->updated_at, ctl->pool), "updated_by",
                                        ctl_json_text(spec->updated_by, ctl->pool)));
    }
    return ctl_rows_print(ctl, list, columns);
}

static int spec_missing(void)
{
    return ctl_fail(CTL_REFUSED, "there is no connection spec with this id; \"datasyncctl source "
                                 "list\" has the ids");
}

/* As it goes into a file for SourceSpec, with --json or without. */
int ctl_source_show(ctl_t *ctl, const char *const *arguments)
{
    ds_connection_spec_t *spec;
    json_t *document;
    apr_status_t status = ds_connection_spec_get(&spec, ctl->db, arguments[0], ctl->pool);

    if (status == DS_ENOTFOUND) {
        return spec_missing();
    }
    if (status != APR_SUCCESS) {
        return ctl_fail_status(ctl, status, "read the connection spec");
    }
    document = json_loads(spec->body, 0, NULL);
    json_dumpf(document, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(document);
    return CTL_OK;
}

int ctl_source_remove(ctl_t *ctl, const char *const *arguments)
{
    apr_status_t status = ds_connection_spec_remove(ctl->db, arguments[0]);

    if (status == DS_ENOTFOUND) {
        return spec_missing();
    }
    if (status != APR_SUCCESS) {
        return ctl_fail_status(ctl, status, "remove the connection spec");
    }
    return ctl_result_print(ctl, json_pack("{ss ss}", "id", arguments[0], "state", "removed"),
                            "connection spec %s is removed", arguments[0]);
}
