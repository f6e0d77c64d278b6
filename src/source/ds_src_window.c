#include "ds_src_window.h"

ds_src_window_t ds_src_window_make(apr_time_t watermark, apr_time_t since,
                                   apr_interval_time_t look_back, int whole, apr_time_t now)
{
    ds_src_window_t window = {.end = now - now % APR_USEC_PER_SEC, .first = whole || !watermark};

    window.start = window.first ? since : watermark - look_back;
    if (!window.first && window.start < since)
        window.start = since;
    if (window.start > window.end) /* the clock was set back */
        window.start = window.end;
    return window;
}
