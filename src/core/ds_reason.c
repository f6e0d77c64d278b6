#include "ds_reason.h"

#include <string.h>

#include <apr_strings.h>

static const char *const names[DS_REASONS] = {"key",      "type",      "email",    "length",
                                              "encoding", "duplicate", "read_only"};

const char *ds_reason_name(ds_reason_e reason)
{
    return names[reason];
}

void ds_reason_print(char *text, apr_size_t size, const char *phrase, const char *field)
{
    static const char hole[] = "{field}";
    const char *at = strstr(phrase, hole);

    if (!at)
        apr_cpystrn(text, phrase, size);
    else
        apr_snprintf(text, size, "%.*s%s%s", (int)(at - phrase), phrase, field,
                     at + sizeof(hole) - 1);
}
