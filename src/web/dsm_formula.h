/* CSV for spreadsheets on its way to the client: an output filter around ds_fmt_formula.
 *
 * Children only. Memory is one piece of the body, whatever its size. */
#ifndef DSM_FORMULA_H
#define DSM_FORMULA_H

#include <httpd.h>

/* Make the filter known to httpd: once, when hooks are registered. */
void dsm_formula_filter_register(void);

/* Guard the body of this answer. delimiter NUL: taken from its first line. */
void dsm_formula_filter_add(request_rec *r, char delimiter);

#endif
