/* The keeper's calendar: launches that are due by their sync's schedule. */
#ifndef DSW_CALENDAR_H
#define DSW_CALENDAR_H

#include "ds_def.h"

/* Start what is due, and reckon the next due times. Of several keepers over one database one starts
 * each launch; a time that was missed runs once. */
apr_status_t dsw_calendar_run(ds_db_t *db, const ds_def_t *def, apr_pool_t *scratch);

#endif
