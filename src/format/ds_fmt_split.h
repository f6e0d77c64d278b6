/* JSON texts that are too large for the memory: the elements of one array of such a text, one by
 * one, and the rest of it.
 *
 * Pure: no I/O. The caller feeds the text in pieces of any size and takes elements, each as its own
 * bytes, which it parses itself. What stands around the array is put together as `rest`: the text
 * with [] in the place of the array. So a page of results is read in a stream, and what stands
 * beside them (how many there are, where the next page is) afterwards from the rest.
 *
 * Which array: `path` is the steps that lead to it from the root, names and indexes.
 * - $.data.items is the array in {"data": {"items": [...]}}, $.data[1] the one in {"data": [0,
 *   [...]]}. When there is none, or something else stands in its place (null, an object), the text
 *   has no elements and is all rest.
 * - An empty path is the root. Where that is an array its elements are given; everything else is a
 *   stream: values one behind the other, with or without spaces and line ends between, each of
 *   them an element (one object, NDJSON, concatenated JSON). The rest is [] or nothing.
 *
 * Names are compared after their escapes are read; upper and lower case differ. When a name of the
 * path stands twice in an object the first one counts; the second one is rest.
 *
 * What is checked: brackets, in elements and in the rest too, and around the elements everything,
 * on the way to the array too. Not checked is what stands between the brackets of an element, or of
 * a member beside the way: its parser tells. So a text is JSON if it was read to its end, and its
 * elements and the rest are JSON. A byte order mark at the beginning is passed over.
 *
 * Memory: limits.element and limits.rest, twice at most while it grows. An element that stands in
 * one piece is not copied. Time: each byte is looked at once, those of texts by memchr. */
#ifndef DS_FMT_SPLIT_H
#define DS_FMT_SPLIT_H

#include <apr_pools.h>

#include "ds_fmt_jsonpath.h"

typedef struct ds_fmt_split_t ds_fmt_split_t;

typedef struct ds_fmt_split_limits_t {
    apr_size_t element; /* bytes of an element */
    apr_size_t rest;    /* bytes of the rest */
    int depth;          /* brackets inside each other, in an element or in a value of the rest */
} ds_fmt_split_limits_t;

/* An element, as it stands in the text, without the spaces around it and without a NUL. Valid until
 * the next call with the same reader, or until the caller gives up the piece. */
typedef struct ds_fmt_split_element_t {
    const char *text;
    apr_size_t length;
    apr_int64_t offset; /* of its first byte from the beginning of the text */
    apr_int64_t line;   /* in which it begins, counted from 1; lines end with LF */
} ds_fmt_split_element_t;

typedef enum ds_fmt_split_fault_e {
    DS_SPLIT_GOOD,
    DS_SPLIT_BROKEN,  /* not JSON */
    DS_SPLIT_CUT_OFF, /* the text ended too early */
    DS_SPLIT_ELEMENT_TOO_LONG,
    DS_SPLIT_REST_TOO_LONG,
    DS_SPLIT_TOO_DEEP
} ds_fmt_split_fault_e;

/* Why nothing more can be read. */
typedef struct ds_fmt_split_fault_t {
    ds_fmt_split_fault_e kind;
    const char *text;   /* what is wrong, static, such as "a comma or ] is missing" */
    apr_int64_t offset; /* of the byte that is wrong, or over the limit of the rest; of the element
                           that is too long */
    apr_int64_t line;   /* of it; 0: not known, for a rest that is too long */
    apr_int64_t elements; /* that were read before: it is in the next one, or before or behind it */
} ds_fmt_split_fault_t;

typedef enum ds_fmt_split_next_e {
    DS_SPLIT_ELEMENT,
    DS_SPLIT_MORE, /* the piece is used up: feed the next one, or end the text */
    DS_SPLIT_END,  /* the text has ended, and was right */
    DS_SPLIT_FAULT /* nothing more can be read: ds_fmt_split_fault */
} ds_fmt_split_next_e;

/* A reader for a text, in pool. The steps of the path, `count` of them, are names and indexes, and
 * must live as long; depth is at least 1. */
ds_fmt_split_t *ds_fmt_split_make(const ds_fmt_jsonpath_step_t *path, int count,
                                  const ds_fmt_split_limits_t *limits, apr_pool_t *pool);

/* Give it the next bytes, at the beginning and when next says MORE. They are not copied: they must
 * stay where they are until it says MORE again, or anything final. */
void ds_fmt_split_feed(ds_fmt_split_t *split, const char *data, apr_size_t size);

/* No more bytes will come; likewise when next says MORE. */
void ds_fmt_split_end(ds_fmt_split_t *split);

/* The next element. */
ds_fmt_split_next_e ds_fmt_split_next(ds_fmt_split_element_t *element, ds_fmt_split_t *split);

/* Where reading goes on: right behind the last element that was given, or 0 and 1 before the
 * first. What a checkpoint keeps. */
apr_int64_t ds_fmt_split_offset(const ds_fmt_split_t *split);
apr_int64_t ds_fmt_split_line(const ds_fmt_split_t *split);

/* Go to such a place, or to the beginning (0 and 1), and forget the piece: the next byte that is
 * fed is the one there. For readers with an empty path that have given an element, or have come to
 * the end, in this text: so it is known what the root is. Elements are counted anew, and the rest
 * is that from there on. */
void ds_fmt_split_seek(ds_fmt_split_t *split, apr_int64_t offset, apr_int64_t line);

/* Was the array met, or any value of a stream? */
int ds_fmt_split_is_found(const ds_fmt_split_t *split);

/* At the end: the rest, with a NUL behind it; the reader's. */
const char *ds_fmt_split_rest(apr_size_t *size, ds_fmt_split_t *split);

/* What is wrong; the reader's. */
const ds_fmt_split_fault_t *ds_fmt_split_fault(const ds_fmt_split_t *split);

#endif
