/* The result of a query as its runner takes it from the messages of the sandbox: columns, then rows
 * of texts such as a scan gives. Everything is checked: the sandbox is not believed. */
#ifndef DSW_ANSWER_H
#define DSW_ANSWER_H

#include "dsw_layout.h"
#include "dsw_wire.h"

typedef struct dsw_answer_t {
    dsw_layout_t layout;     /* its columns; their kinds are those of the row at hand */
    ds_db_column_t *columns; /* the same */
    const char **values;     /* of the row at hand, NULL for none */
    char (*numbers)[40];     /* room for those that are no texts */
    apr_pool_t *pool;
} dsw_answer_t;

/* From the message with the columns (DSW_COLUMNS); it lives in pool. *problem is set, and its
 * status returned, when the client must choose other columns. APR_EGENERAL: no good message. */
apr_status_t dsw_answer_make(dsw_answer_t **answer, ds_problem_t **problem, dsw_message_t *message,
                             apr_pool_t *pool);

/* The next row of a message with rows, valid as long as the message. Likewise. */
apr_status_t dsw_answer_row_take(ds_problem_t **problem, dsw_answer_t *answer,
                                 dsw_message_t *message);

/* Words of the sandbox, which repeat parts of the query, as a line of UTF-8 that may be shown. */
const char *dsw_answer_words(const char *words, apr_pool_t *pool);

#endif
