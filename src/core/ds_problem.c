#include "ds_problem.h"

#include <stdarg.h>

#include <apr_strings.h>

ds_problem_t *ds_problem_make(apr_pool_t *pool, apr_status_t status, const char *format, ...)
{
    ds_problem_t *problem = apr_palloc(pool, sizeof(*problem));
    va_list args;

    va_start(args, format);
    problem->text = apr_pvsprintf(pool, format, args);
    va_end(args);
    problem->status = status;
    return problem;
}

static const char *own_text(apr_status_t status)
{
    switch (status) {
    case DS_ENOTFOUND: return "not found";
    case DS_ESTATE: return "not possible in this state";
    case DS_ELOST: return "another runner owns the launch";
    case DS_EBUSY: return "the database is locked or away";
    case DS_EDB: return "the database refused a statement";
    case DS_ECONSTRAINT: return "the database refused a value";
    case DS_ELIMIT: return "a limit was passed";
    case DS_EINPUT: return "the input is not as expected";
    case DS_ESCHEMA: return "the database has another schema";
    case DS_ECONFLICT: return "the key was used for another file";
    case DS_EDENIED: return "access denied";
    case DS_ESTOPPED: return "somebody asked to stop";
    case DS_EDISABLED: return "the data sync is disabled";
    case DS_EREMOTE: return "another server is away or in trouble";
    case DS_EPAUSE: return "another server wants to be left alone for a while";
    default: return NULL;
    }
}

const char *ds_problem_status_text(apr_status_t status, apr_pool_t *pool)
{
    const char *text = own_text(status);
    char buffer[256];

    if (text)
        return text;
    return apr_pstrdup(pool, apr_strerror(status, buffer, sizeof(buffer)));
}
