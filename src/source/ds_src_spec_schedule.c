/* What a source spec says of time: scheduleParams. */
#include <string.h>

#include "ds_fmt_dotnet.h"
#include "ds_src_read.h"

static const char FORMAT_DEFAULT[] = "yyyy-MM-ddTHH:mm:ssZ";

static const char *format_read(const ds_src_reader_t *reader, const ds_src_node_t *node,
                               const char *name)
{
    const char *format = ds_src_text_read(reader, node, name), *text, *fault;
    int at;

    if (!format) {
        return FORMAT_DEFAULT;
    }
    fault = ds_fmt_dotnet_print(&text, &at, 0, format, reader->pool);
    if (fault) {
        ds_src_mistake_add(reader, ds_src_member_get(reader, node, name).place,
                           "\"%s\", character %d: %s", format, at, fault);
    }
    return format;
}

static void params_read(ds_src_schedule_t *schedule, const ds_src_reader_t *reader,
                        const ds_src_node_t *node)
{
    static const char *const known[] = {"scheduleStartParamName",
                                        "scheduleEndParamName",
                                        "scheduleStartParamFormat",
                                        "scheduleEndParamFormat",
                                        "type",
                                        NULL};
    ds_src_node_t end = ds_src_member_get(reader, node, "scheduleEndParamName");

    ds_src_members_check(reader, node, known);
    schedule->kind = DS_SRC_SCHEDULE_PARAMS;
    schedule->start_name =
        ds_src_text_need(reader, node, "scheduleStartParamName",
                         "write the name of the parameter for the start of the window");
    schedule->end_name = ds_src_text_read(reader, node, "scheduleEndParamName");
    schedule->start_format = format_read(reader, node, "scheduleStartParamFormat");
    schedule->end_format = format_read(reader, node, "scheduleEndParamFormat");
    if (!end.json) {
        ds_src_warning_add(reader, end.place,
                           "is missing: a run then fetches again what changes while it runs");
    }
}

static void advance_read(ds_src_spec_t *spec, const ds_src_reader_t *reader,
                         const ds_src_node_t *node)
{
    static const char *const known[] = {"type", "paramFormat", "incremental", "backfill", NULL};
    static const char remedy[] = "write the expression, with {START_TIME} and {END_TIME}";
    ds_src_schedule_t *schedule = &spec->schedule;

    ds_src_members_check(reader, node, known);
    schedule->start_format = schedule->end_format = format_read(reader, node, "paramFormat");
    schedule->incremental = ds_src_text_need(reader, node, "incremental", remedy);
    schedule->backfill = ds_src_text_need(reader, node, "backfill", remedy);
    ds_src_holes_check(spec, reader, ds_src_member_get(reader, node, "incremental").place,
                       schedule->incremental, 0);
    ds_src_holes_check(spec, reader, ds_src_member_get(reader, node, "backfill").place,
                       schedule->backfill, 0);
    schedule->kind = DS_SRC_SCHEDULE_ADVANCE; /* only now: it must not hold itself */
}

void ds_src_schedule_read(ds_src_spec_t *spec, const ds_src_reader_t *reader,
                          const ds_src_node_t *node)
{
    ds_src_schedule_t *schedule = &spec->schedule;
    const char *type;

    *schedule = (ds_src_schedule_t){.start_format = FORMAT_DEFAULT, .end_format = FORMAT_DEFAULT};
    if (!node->json) {
        ds_src_warning_add(reader, node->place, "is missing: each run fetches everything");
    }
    if (!ds_src_object_check(reader, node)) {
        return;
    }
    type = ds_src_text_read(reader, node, "type");
    if (type && !strcmp(type, "ADVANCE")) {
        advance_read(spec, reader, node);
        return;
    }
    if (type) {
        ds_src_mistake_add(reader, ds_src_member_get(reader, node, "type").place,
                           "write ADVANCE, or remove it");
    }
    params_read(schedule, reader, node);
}
