#include "ds_src_header.h"

#include <string.h>
#include <strings.h>

#include <apr_lib.h>

static int is_of_connection(const char *name)
{
    static const char *const names[] = {
        "Connection", "Content-Length",    "Expect",  "Host",           "Keep-Alive", "TE",
        "Trailer",    "Transfer-Encoding", "Upgrade", "Accept-Encoding"};
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (!strcasecmp(name, names[i]))
            return 1;
    return !strncasecmp(name, "Proxy-", 6);
}

const char *ds_src_header_fault(const char *name, const char *value)
{
    const char *p;

    for (p = name; *p; p++)
        if (!apr_isalnum(*p) && !strchr("!#$%&'*+-.^_`|~", *p))
            return "its name has a letter that no header may have";
    if (p == name)
        return "it has no name";
    for (p = value; *p; p++)
        if ((unsigned char)*p < 0x20 ? *p != '\t' : *p == 0x7f)
            return "its value has a line end or another control character";
    return is_of_connection(name) ? "the connection decides about it" : NULL;
}
