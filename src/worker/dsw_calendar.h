/* The keeper's calendar: launches that are due by their sync's schedule. */
#ifndef DSW_CALENDAR_H
#define DSW_CALENDAR_H

#include "ds_def.h"

/* Start what is due, and reckon the next due times. Of several keepers over one database one starts
 * each launch; a time that was missed runs once. looked_at is the database's time of the last run,
 * and becomes that of this one; 0: unknown. When the clock was set back since then, due times that
 * are too far ahead are reckoned anew. */
apr_status_t dsw_calendar_run(apr_time_t *looked_at, ds_db_t *db, const ds_def_t *def,
                              apr_pool_t *scratch);

#endif
