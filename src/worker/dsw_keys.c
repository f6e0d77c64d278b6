#include "dsw_keys.h"

#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_siphash.h>

#define ROOM_FIRST 4096 /* places; always a power of two */

typedef struct {
    apr_uint64_t hash;  /* 0: a free place */
    apr_int64_t offset; /* of the first row with the key */
} place_t;

struct dsw_keys_t {
    unsigned char secret[APR_SIPHASH_KSIZE]; /* nobody can choose keys that clash */
    place_t *places;
    apr_size_t room, used;
    char *text; /* of one key */
    apr_size_t text_room;
};

static void *memory_check(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

static apr_status_t keys_free(void *data)
{
    dsw_keys_t *keys = data;

    free(keys->places);
    free(keys->text);
    return APR_SUCCESS;
}

dsw_keys_t *dsw_keys_make(apr_pool_t *pool)
{
    dsw_keys_t *keys = apr_pcalloc(pool, sizeof(*keys));

    apr_generate_random_bytes(keys->secret, sizeof(keys->secret));
    keys->room = ROOM_FIRST;
    keys->places = memory_check(calloc(keys->room, sizeof(place_t)));
    apr_pool_cleanup_register(pool, keys, keys_free, apr_pool_cleanup_null);
    return keys;
}

/* The values of the key, each with its NUL. */
static apr_uint64_t key_hash(dsw_keys_t *keys, const dsw_columns_t *columns)
{
    apr_size_t size = 0;
    apr_uint64_t hash;
    int i;

    for (i = 0; i < columns->table.count; i++) {
        apr_size_t length = columns->table.columns[i].is_key ? strlen(columns->values[i]) + 1 : 0;

        if (size + length > keys->text_room) {
            keys->text_room = 2 * (size + length);
            keys->text = memory_check(realloc(keys->text, keys->text_room));
        }
        if (length)
            memcpy(keys->text + size, columns->values[i], length);
        size += length;
    }
    hash = apr_siphash24(keys->text, size, keys->secret);
    return hash ? hash : 1;
}

static place_t *place_find(const dsw_keys_t *keys, apr_uint64_t hash)
{
    apr_size_t at = hash & (keys->room - 1);

    while (keys->places[at].hash && keys->places[at].hash != hash)
        at = (at + 1) & (keys->room - 1);
    return &keys->places[at];
}

static void room_double(dsw_keys_t *keys)
{
    place_t *old = keys->places;
    apr_size_t count = keys->room, i;

    keys->room *= 2;
    keys->places = memory_check(calloc(keys->room, sizeof(place_t)));
    for (i = 0; i < count; i++)
        if (old[i].hash)
            *place_find(keys, old[i].hash) = old[i];
    free(old);
}

int dsw_keys_add(dsw_keys_t *keys, const dsw_columns_t *columns, apr_int64_t offset)
{
    apr_uint64_t hash = key_hash(keys, columns);
    place_t *place = place_find(keys, hash);

    if (place->hash) {
        if (place->offset < offset)
            return 1;
        place->offset = offset;
        return 0;
    }
    place->hash = hash;
    place->offset = offset;
    if (++keys->used * 4 > keys->room * 3)
        room_double(keys);
    return 0;
}
