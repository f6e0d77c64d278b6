/* Windows: which span of time a run asks for, so that no change is fetched twice and none is left
 * out.
 *
 * Pure. A window is half-open, [start, end). Its end becomes the watermark when all of its pages
 * are in, and the next window begins there, or earlier by the look-back: for servers that show a
 * change a little late, or leave out what happened at the very boundary. What is fetched twice by
 * that is written twice under the same key. */
#ifndef DS_SRC_WINDOW_H
#define DS_SRC_WINDOW_H

#include <apr_time.h>

typedef struct ds_src_window_t {
    apr_time_t start; /* 0: it has no beginning */
    apr_time_t end;   /* a whole second */
    int first;        /* nothing was fetched before: the spec's backfill applies */
} ds_src_window_t;

/* The next window. watermark 0: no window is in yet; since: how far back the first one goes, 0: to
 * the beginning; whole: fetch everything once more, as if it were the first. */
ds_src_window_t ds_src_window_make(apr_time_t watermark, apr_time_t since,
                                   apr_interval_time_t look_back, int whole, apr_time_t now);

#endif
