/* Why a row of a file failed or has a warning: codes of the engine, and the words for them.
 *
 * The words are the engine's own unless a launch brings others (ds_options.h): a protocol whose
 * clients know certain words gives these with the launch. */
#ifndef DS_REASON_H
#define DS_REASON_H

#include <apr_pools.h>

typedef enum ds_reason_e {
    DS_REASON_KEY,       /* a field of the key is missing or empty */
    DS_REASON_TYPE,      /* not a value of the field's type */
    DS_REASON_EMAIL,     /* not an address of mail */
    DS_REASON_LENGTH,    /* longer than the field */
    DS_REASON_ENCODING,  /* not UTF-8 */
    DS_REASON_DUPLICATE, /* warning: the key stood in an earlier row of the file */
    DS_REASON_READ_ONLY, /* warning: nobody may fill this column */
    DS_REASONS           /* how many there are */
} ds_reason_e;

/* The name of a code as options spell it, lower case. */
const char *ds_reason_name(ds_reason_e reason);

/* Write a phrase, with the field's name in the place of {field}; cut off at size, NUL-ended. */
void ds_reason_print(char *text, apr_size_t size, const char *phrase, const char *field);

#endif
