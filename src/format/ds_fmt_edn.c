/* EDN for the document writer: github.com/edn-format/edn. Strings there may hold every character;
 * of escapes it names the five short ones only, and \u for single characters. */
#include <string.h>

#include <apr_lib.h>

#include "ds_fmt_doc_private.h"

/* A letter, then what symbols and keywords may hold, without the characters that have a second
 * meaning at some places (. / : #). */
static int keyword_is_valid(const char *key)
{
    if (!apr_isalpha(*key)) {
        return 0;
    }
    for (key++; *key != '\0'; key++) {
        if (!apr_isalnum(*key) && strchr("-_*+!?", *key) == NULL) {
            return 0;
        }
    }
    return 1;
}

static void edn_key_write(ds_fmt_doc_t *doc, const char *key)
{
    if (keyword_is_valid(key)) {
        ds_fmt_doc_append(doc, ":", 1);
        ds_fmt_doc_append(doc, key, strlen(key));
    }
    else {
        ds_fmt_doc_quoted_append(doc, key);
    }
    ds_fmt_doc_append(doc, " ", 1);
}

const ds_fmt_dialect_t ds_fmt_edn = {"nil", ' ', edn_key_write, 0};
