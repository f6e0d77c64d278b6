/* The holes in the texts of a source spec.
 *
 *   ${name}   {{name}}   {name}         a user parameter, or one of START_TIME, END_TIME and
 *                                       SCHEDULE_QUERY
 *   @{if(empty(coalesce(pipeline()?.parameters?.NAME,'')),'A','B')}
 *                                       A when NAME is empty, else B; ingestionStart is empty in
 *                                       the first run
 *
 * Any other @{ is a fault. A brace that begins none of these is text. Only for this folder. */
#ifndef DS_SRC_HOLE_H
#define DS_SRC_HOLE_H

#include <apr_pools.h>

#define DS_SRC_HOLE_START "START_TIME"
#define DS_SRC_HOLE_END "END_TIME"
#define DS_SRC_HOLE_SCHEDULE "SCHEDULE_QUERY"
#define DS_SRC_CHOICE_START "ingestionStart"

typedef enum ds_src_piece_e { DS_SRC_LITERAL, DS_SRC_HOLE, DS_SRC_CHOICE } ds_src_piece_e;

typedef struct ds_src_piece_t {
    ds_src_piece_e kind;
    const char *text;  /* of a literal */
    const char *name;  /* of a hole or a choice */
    const char *empty; /* of a choice: what stands there when the name is empty */
    const char *given; /* and when it is not */
} ds_src_piece_t;

/* The next piece of a text, in pool; *cursor goes on behind it. 1: there is one, 0: the text has
 * ended, -1: *fault says what is wrong. */
int ds_src_piece_next(ds_src_piece_t *piece, const char **fault, const char **cursor,
                      apr_pool_t *pool);

#endif
