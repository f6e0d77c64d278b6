/* Ids of records, for protocols whose records have one beside their key. An id follows from the
 * object and the key, so it needs no room and is the same on every node and at every time. */
#ifndef DS_GUID_H
#define DS_GUID_H

#include <apr_pools.h>

#define DS_GUID_SIZE 37 /* 36 characters and a NUL */

/* The id of a record, in the form of a UUID: over the object's name and the values of its key, in
 * their normal form and the order of the object's fields. */
apr_status_t ds_guid_make(char guid[DS_GUID_SIZE], const char *object, const char *const *key,
                          int count, apr_pool_t *scratch);

#endif
