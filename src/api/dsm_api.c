#include "dsm_api.h"

#include <apr_strings.h>

static const dsm_api_t *const apis[] = {&dsm_api_prisma, &dsm_api_marketo, &dsm_api_braze,
                                        &dsm_api_liquid, &dsm_api_adobe};

#define APIS ((int)(sizeof(apis) / sizeof(apis[0])))

const dsm_api_t *dsm_api_get(const char *name)
{
    int i;

    for (i = 0; i < APIS; ++i) {
        if (!ap_cstr_casecmp(apis[i]->name, name)) {
            return apis[i];
        }
    }
    return NULL;
}

const char *dsm_api_names(apr_pool_t *pool)
{
    const char *names = apis[0]->name;
    int i;

    for (i = 1; i < APIS; ++i) {
        names = apr_pstrcat(pool, names, i + 1 < APIS ? ", " : " or ", apis[i]->name, NULL);
    }
    return names;
}
