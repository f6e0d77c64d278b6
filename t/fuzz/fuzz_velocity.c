/* Templates of any text. The first byte chooses the limits.
 *
 * What must hold: a refusal is one line of text and a place in the template; what was taken is
 * rendered within its limits, or ends with such a refusal, and a second time it comes out the
 * same. */
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "ds_fmt_velocity.h"
#include "fuzz.h"

/* A list of three maps with a list each, down to no end. */
static apr_status_t field_find(ds_fmt_velocity_value_t *value, void *baton, const char *name,
                               apr_size_t length);

static apr_status_t walk_begin(void **walk, void *baton, apr_pool_t *pool)
{
    (void)baton;
    *walk = apr_pcalloc(pool, sizeof(int));
    return APR_SUCCESS;
}

static apr_status_t walk_next(ds_fmt_velocity_value_t *element, void *walk, apr_pool_t *pool)
{
    static const ds_fmt_velocity_map_t map = {field_find};
    int *count = walk;

    if (++*count > 4) {
        return APR_EOF;
    }
    if (*count == 2) {
        return APR_SUCCESS;
    }
    element->type = DS_VELOCITY_MAP;
    element->map = &map;
    element->baton = apr_psprintf(pool, "element %d", *count);
    return APR_SUCCESS;
}

static apr_status_t field_find(ds_fmt_velocity_value_t *value, void *baton, const char *name,
                               apr_size_t length)
{
    static const ds_fmt_velocity_list_t list = {walk_begin, walk_next, 0};

    MUST(name[length] == '\0');
    switch (length > 0 ? name[0] : '\0') {
    case 't':
        value->type = DS_VELOCITY_TEXT;
        value->text = baton;
        value->length = strlen(baton);
        break;
    case 'i':
        value->type = DS_VELOCITY_INTEGER;
        value->integer = (apr_int64_t)((apr_uint64_t)length << length % 64);
        break;
    case 'd':
        value->type = DS_VELOCITY_DOUBLE;
        value->number = 0.1 * (double)length;
        break;
    case 'b':
        value->type = DS_VELOCITY_BOOLEAN;
        value->integer = length % 2;
        break;
    case 'l':
        value->type = DS_VELOCITY_LIST;
        value->list = &list;
        break;
    default: return APR_NOTFOUND;
    }
    return APR_SUCCESS;
}

static apr_status_t output_take(void *baton, const char *data, apr_size_t size)
{
    fuzz_text_add(baton, data, size);
    return APR_SUCCESS;
}

static void fault_check(const ds_fmt_velocity_fault_t *fault, const char *text, size_t size)
{
    size_t lines = 1, i;

    for (i = 0; i < size; i++) {
        lines += text[i] == '\n' || text[i] == '\r';
    }
    MUST(fault->text != NULL && *fault->text != '\0' && strpbrk(fault->text, "\r\n") == NULL);
    MUST(fault->line >= 1 && (size_t)fault->line <= lines);
    MUST(fault->column >= 1 && (size_t)fault->column <= size + 1);
}

static void render(fuzz_text_t *output, const ds_fmt_velocity_t *template, const char *text,
                   size_t size, apr_pool_t *pool)
{
    static const ds_fmt_velocity_map_t map = {field_find};
    ds_fmt_velocity_value_t context = {.type = DS_VELOCITY_MAP, .map = &map, .baton = "text"};
    ds_fmt_velocity_fault_t fault;
    apr_status_t rv = ds_fmt_velocity_render(&fault, template, &context, output_take, output, pool);

    MUST(rv == APR_SUCCESS || rv == APR_EINVAL);
    if (rv == APR_EINVAL) {
        fault_check(&fault, text, size);
    }
}

static void template_check(const char *text, size_t size, const ds_fmt_velocity_limits_t *limits,
                           apr_pool_t *pool)
{
    fuzz_text_t first = {NULL, 0, 0}, second = {NULL, 0, 0};
    ds_fmt_velocity_fault_t fault;
    ds_fmt_velocity_t *template;

    if (ds_fmt_velocity_parse(&template, &fault, text, size, limits, pool) != APR_SUCCESS) {
        fault_check(&fault, text, size);
        return;
    }
    render(&first, template, text, size, pool);
    render(&second, template, text, size, pool);
    MUST(first.size <= (size_t)limits->output_bytes && first.size == second.size);
    MUST(first.size == 0 || memcmp(first.data, second.data, first.size) == 0);
    free(first.data);
    free(second.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const ds_fmt_velocity_limits_t limits[] = {
        {100000, 100, 20000, 100000, 100000}, {1000, 8, 300, 100, 400}, {100000, 3, 50, 1000, 64}};
    static apr_pool_t *pool;

    if (size == 0) {
        return 0;
    }
    if (pool == NULL) {
        apr_initialize();
        apr_pool_create(&pool, NULL);
    }
    template_check((const char *)data + 1, size - 1, &limits[data[0] % 3], pool);
    apr_pool_clear(pool);
    return 0;
}
