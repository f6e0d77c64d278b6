#include "ds_log.h"

#include <stdio.h>

#include <apr_strings.h>

#define TEXT_SIZE 2048 /* a longer message is cut */

static void sink_stderr(ds_log_level_e level, apr_status_t status, const char *text)
{
    fprintf(stderr, "%s\n", text);
}

static ds_log_sink_cb *current_sink = sink_stderr;
static ds_log_level_e current_highest = DS_LOG_WARNING;

void ds_log_open(ds_log_sink_cb *sink, ds_log_level_e highest)
{
    current_sink = sink;
    current_highest = highest;
}

void ds_log(ds_log_level_e level, apr_status_t status, const char *format, ...)
{
    char text[TEXT_SIZE];
    va_list args;

    if (level > current_highest)
        return;
    va_start(args, format);
    apr_vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    current_sink(level, status, text);
}
