/* Templates of strangers: what is refused, and where; what bounds a rendering; rows that stream.
 * What a good template makes is compared with Velocity itself in velocity_java.py. */
#include <stdlib.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "ds_fmt_velocity.h"
#include "tap.h"

static apr_pool_t *pool;
static const ds_fmt_velocity_limits_t wide = {100000, 50, 1000000, 1000000, 100000};

/* --- values: $name, $n, $m.k, $rows and $all of `rows` records with id --- */

static int rows, rows_live, rows_live_most;
static int begin_status, next_status;

static apr_status_t row_forget(void *row)
{
    (void)row;
    rows_live--;
    return APR_SUCCESS;
}

static apr_status_t row_find(ds_fmt_velocity_value_t *value, void *baton, const char *name,
                             apr_size_t length)
{
    (void)length;
    if (strcmp(name, "id") != 0) {
        return APR_NOTFOUND;
    }
    value->type = DS_VELOCITY_INTEGER;
    value->integer = *(int *)baton;
    return APR_SUCCESS;
}

static apr_status_t rows_begin(void **walk, void *baton, apr_pool_t *walk_pool)
{
    (void)baton;
    *walk = apr_pcalloc(walk_pool, sizeof(int));
    return begin_status;
}

static apr_status_t rows_next(ds_fmt_velocity_value_t *element, void *walk, apr_pool_t *row_pool)
{
    static const ds_fmt_velocity_map_t row_map = {row_find};
    int *count = walk;
    int *row;

    if (*count == rows) {
        return next_status ? next_status : APR_EOF;
    }
    row = apr_palloc(row_pool, sizeof(*row));
    *row = ++*count;
    rows_live++;
    rows_live_most = rows_live > rows_live_most ? rows_live : rows_live_most;
    apr_pool_cleanup_register(row_pool, row, row_forget, apr_pool_cleanup_null);
    element->type = DS_VELOCITY_MAP;
    element->map = &row_map;
    element->baton = row;
    return APR_SUCCESS;
}

static void text_value_set(ds_fmt_velocity_value_t *value, const char *text)
{
    value->type = DS_VELOCITY_TEXT;
    value->text = text;
    value->length = strlen(text);
}

static apr_status_t context_find(ds_fmt_velocity_value_t *value, void *baton, const char *name,
                                 apr_size_t length)
{
    static const ds_fmt_velocity_list_t rows_list = {rows_begin, rows_next, 0};
    static const ds_fmt_velocity_list_t all_list = {rows_begin, rows_next, 1};
    static const ds_fmt_velocity_map_t context_map = {context_find};

    (void)baton;
    if (strlen(name) != length) {
        return APR_NOTFOUND;
    }
    if (strcmp(name, "name") == 0) {
        text_value_set(value, "Ada");
    }
    else if (strcmp(name, "n") == 0) {
        value->type = DS_VELOCITY_INTEGER;
        value->integer = 7;
    }
    else if (strcmp(name, "m") == 0) {
        value->type = DS_VELOCITY_MAP;
        value->map = &context_map;
    }
    else if (strcmp(name, "rows") == 0) {
        value->type = DS_VELOCITY_LIST;
        value->list = &rows_list;
    }
    else if (strcmp(name, "all") == 0) {
        value->type = DS_VELOCITY_LIST;
        value->list = &all_list;
    }
    else if (strcmp(name, "broken") == 0) {
        return APR_ECONNRESET;
    }
    else {
        return APR_NOTFOUND;
    }
    return APR_SUCCESS;
}

static const ds_fmt_velocity_map_t context_map = {context_find};

/* --- rendering --- */

static char output[100000];
static apr_size_t output_size;
static apr_status_t write_status;

static apr_status_t output_take(void *baton, const char *data, apr_size_t size)
{
    (void)baton;
    if (size > sizeof(output) - output_size) {
        return APR_ENOSPC;
    }
    memcpy(output + output_size, data, size);
    output_size += size;
    return write_status;
}

static ds_fmt_velocity_fault_t fault;

static apr_status_t rendered(const char *text, const ds_fmt_velocity_limits_t *limits)
{
    ds_fmt_velocity_value_t context = {.type = DS_VELOCITY_MAP, .map = &context_map};
    ds_fmt_velocity_t *template;
    apr_pool_t *render_pool;
    apr_status_t rv;

    output_size = 0;
    rv = ds_fmt_velocity_parse(&template, &fault, text, strlen(text), limits, pool);
    if (rv == APR_SUCCESS) {
        apr_pool_create(&render_pool, pool);
        rv = ds_fmt_velocity_render(&fault, template, &context, output_take, NULL, render_pool);
        fault.text = apr_pstrdup(pool, fault.text);
        apr_pool_destroy(render_pool);
    }
    return rv;
}

static void output_check(const char *text, const char *wanted, const char *name)
{
    if (rendered(text, &wide) != APR_SUCCESS) {
        tap_is_text(fault.text, wanted, name);
        return;
    }
    tap_is_text(apr_pstrmemdup(pool, output, output_size), wanted, name);
}

/* wanted: LINE:COLUMN and the beginning of the sentence. */
static void fault_check(const char *text, const char *wanted, const char *name)
{
    apr_status_t rv = rendered(text, &wide);
    const char *got = rv == APR_EINVAL
                          ? apr_psprintf(pool, "%d:%d %s", fault.line, fault.column, fault.text)
                          : apr_psprintf(pool, "status %d", rv);

    if (strncmp(got, wanted, strlen(wanted)) == 0) {
        got = wanted;
    }
    tap_is_text(got, wanted, name);
}

static void refused_check(void)
{
    fault_check("a\n  #foo($x)", "2:3 there is no directive #foo", "an unknown directive");
    fault_check("\xc3\xa9\xf0\x9f\x9a\x97#foo", "1:3 there is no", "a column is a character");
    fault_check("a\r\nb\rc\n#{bar}", "4:1 there is no directive #bar",
                "each kind of line end counts");
    fault_check("#parse('x')", "1:1 the directive #parse is not", "a file cannot be included");
    fault_check("#include('x')", "1:1 the directive #include is not", "nor in the other way");
    fault_check("#macro(x)#end", "1:1 the directive #macro is not", "a macro cannot be defined");
    fault_check("#evaluate($x)", "1:1 the directive #evaluate is", "a text cannot be run");
    fault_check("$name.length()", "1:13 methods cannot be called", "a method cannot be called");
    fault_check("#if($name.equals('x'))#end", "1:17 methods", "nor in a condition");
    fault_check("\"$m.k.get('x')\"", "1:10 methods", "nor behind fields");
    fault_check("#set($x = \"a\n$name.length()\")", "1:11 methods",
                "in a text the place is that of the text");
    fault_check("#set($m.k = 1)", "1:10 only a variable", "a field cannot be set");
    fault_check("#set(${x} = 1)", "1:6 write #set", "#set with brackets sets nothing in Velocity");
    fault_check("x\n#if($n)\ny", "2:1 the #if that begins here", "an #if without #end");
    fault_check("#foreach($x in $rows)#if($n)#end", "1:1 the #foreach that", "a #foreach without");
    fault_check("#end", "1:1 this directive has no", "an #end without its beginning");
    fault_check("a\n #end  \n", "2:2 this directive",
                "what it takes away behind it does not count");
    fault_check("#if($n)#else#else#end", "1:13 nothing but #end", "an #else too many");
    fault_check("#foreach($x in $rows)#else#end", "1:22 #else without", "an #else in a loop");
    fault_check("#if $n", "1:5 a ( must", "a condition without brackets");
    fault_check("#if($n", "1:7 an operator or", "brackets that stay open");
    fault_check("#set($x = 5-3)", "1:12 an operator or", "a sign is no operator");
    fault_check("#set($x = 5 -)", "1:14 a value", "a value that is missing");
    fault_check("#set($x = \"a)", "1:11 the text that begins here", "a quote that stays open");
    fault_check("#set($x = \"\\u12\")", "1:11 a \\u in this", "half a character");
    fault_check("#set($x = \"\\ud83d\")", "1:11 a \\u in this", "half of a pair");
    fault_check("#set($x = 9223372036854775808)", "1:11 this number has", "a number too large");
    fault_check("#set($x = [1, 2])", "1:13 lists cannot be", "a list");
    fault_check("#set($x = {'a': 1})", "1:11 maps cannot be", "a map");
    fault_check("${name", "1:7 a } must", "a reference that stays open");
    fault_check("$name[", "1:7 a text, an integer", "an index that is missing");
    fault_check("#* a", "1:1 the comment that", "a comment that stays open");
    fault_check("#[[ a", "1:1 the #[[ that", "a text block that stays open");
}

static void places_check(void)
{
    rows = 3;
    fault_check("a\n$m", "2:1 a record is no text", "a record cannot be printed");
    fault_check("$rows", "1:1 a list is no text", "a list cannot be printed");
    fault_check("#set($x = \"a\" + $m)", "1:15 a record is no text", "nor joined");
    fault_check("#if($m == 'a')#end", "1:8 a record is no text", "nor compared");
    fault_check("#foreach($x in $m)#end", "1:1 a record cannot be walked", "nor walked");
    fault_check("$rows[0]", "1:1 a list has no numbers", "a list has no index");
    fault_check("#set($x = 9223372036854775807 + 1)", "1:31 the result has more",
                "a sum too large");
    fault_check("#set($x = 9223372036854775807 * 2)", "1:31 the result has more", "a product");
    fault_check("#set($x = -9223372036854775808 - 1)", "1:32 the result has more", "a difference");
    fault_check("#set($x = -9223372036854775808 / -1)", "1:32 the result has more", "a quotient");
    output_check("#set($x = -9223372036854775808 % -1)$x", "0", "the remainder of that is none");
}

static void rows_check(void)
{
    rows = 3;
    output_check("#foreach($r in $rows)$r.id#if($foreach.hasNext),#end#end", "1,2,3",
                 "the last row knows that it is the last");
    output_check("#foreach($r in $rows)#set($d = $r)$d.id #end", "1 2 3 ",
                 "a row can be kept while it is there");
    output_check("#foreach($r in $rows)#set($x = $r.id)#end$x", "3", "a field can be kept longer");
    fault_check("#foreach($r in $rows)#set($d = $r)#end$d.id", "1:39 the record or list that $d",
                "a row cannot be kept longer than it is there");
    fault_check("#foreach($r in $rows)#if($d)$d.id#end#set($d = $r)#end", "1:26 the record or list",
                "nor until the next row");
    output_check("#foreach($r in $rows)#foreach($s in $rows)$r.id$s.id #end#end",
                 "11 12 13 21 22 23 31 32 33 ", "a list can be walked inside of itself");
    output_check("#foreach($r in $rows)#set($d = $r)#foreach($s in [1..2])$d.id#end#end", "112233",
                 "an inner loop leaves the row of the outer one alone");
    output_check("#foreach($r in $rows)#foreach($r in [8..9])$r#set($r = \"x$r\")$r#end$r.id #end",
                 "8x89x91 8x89x92 8x89x93 ", "an inner variable gives the outer one back");
    rows = 100000;
    rows_live_most = 0;
    tap_ok(rendered("#foreach($r in $rows)#set($x = \"$r.id, $name\")#set($m.z=1)#end", &wide) ==
               APR_EINVAL,
           "a bad template of many rows is refused before any");
    tap_is_number(rows_live_most, 0, "no row was asked for");
    tap_is_number(rendered("#foreach($r in $rows)#set($x = \"$r.id, $name\")#end$x", &wide),
                  APR_SUCCESS, "many rows");
    tap_is_text(apr_pstrmemdup(pool, output, output_size), "100000, Ada", "the last one counts");
    tap_is_number(rows_live_most, 2, "two rows are in memory, however many there are");
    tap_is_number(rows_live, 0, "no row stays in memory");
}

static void statuses_check(void)
{
    rows = 2;
    next_status = APR_ECONNRESET;
    tap_is_number(rendered("#foreach($r in $rows)$r.id#end", &wide), APR_ECONNRESET,
                  "a list that breaks off ends the output with its status");
    tap_ok(fault.text == NULL, "it is no fault of the template");
    next_status = 0;
    begin_status = APR_ENOENT;
    tap_is_number(rendered("#foreach($r in $rows)$r.id#end", &wide), APR_ENOENT,
                  "a list that cannot begin does too");
    begin_status = 0;
    tap_is_number(rendered("$broken", &wide), APR_ECONNRESET, "and a field that cannot be read");
    write_status = APR_EOF;
    tap_is_number(rendered("#foreach($r in $rows)$r.id#end", &wide), APR_EOF,
                  "and an output that takes no more, whatever its status");
    tap_is_number((apr_int64_t)output_size, 1, "nothing is written behind that");
    write_status = 0;
}

static void limit_check(const char *text, ds_fmt_velocity_limits_t limits, const char *wanted,
                        const char *name)
{
    apr_status_t rv = rendered(text, &limits);

    tap_ok(rv == APR_EINVAL && strstr(fault.text, wanted) != NULL, name);
}

static char *repeated(const char *text, int count)
{
    char *made = apr_palloc(pool, strlen(text) * (apr_size_t)count + 1), *to = made;

    while (count-- > 0) {
        to = (char *)memcpy(to, text, strlen(text)) + strlen(text);
    }
    *to = '\0';
    return made;
}

static void limits_check(void)
{
    ds_fmt_velocity_limits_t narrow = {100, 10, 1000, 1000, 1000};
    char *doubling = repeated("#set($x = \"$x$x\")", 5);

    limit_check(repeated("x", 101), narrow, "100 bytes, this one has 101", "a template too long");
    tap_is_number(rendered(repeated("x", 100), &narrow), APR_SUCCESS, "one just as long");
    narrow = wide;
    limit_check(repeated("#if($n)", 51), wide, "50 deep", "directives inside each other");
    limit_check(apr_pstrcat(pool, "#if(", repeated("(", 60), NULL), wide, "50 deep", "brackets");
    limit_check(apr_pstrcat(pool, "$name", repeated("[$n", 60), NULL), wide, "50 deep", "indexes");
    limit_check("#foreach($x in [1..2000000000])#end", wide, "1000000 steps",
                "a loop that is long");
    narrow.output_bytes = 20;
    limit_check("#foreach($x in [1..10])abc#end", narrow, "20 bytes", "a long output");
    tap_is_number((apr_int64_t)output_size, 18, "what fits is written");
    limit_check(apr_pstrcat(pool, "#set($x = 'abcdefgh')", repeated(doubling, 4), NULL), wide,
                "100000 bytes", "a text that doubles and doubles");
    limit_check("#set($x = '')#foreach($i in [1..90000])#set($x = $x + 'abc')#end", wide,
                "100000 bytes", "a text that grows");
    output_check("#foreach($i in [1..9000])#set($x = \"$i, $name\")#end$x", "9000, Ada",
                 "texts that take turns take no more room than one");
    output_check(apr_pstrcat(pool, "#set($x = 1", repeated(" + 1", 5000), ")$x", NULL), "5001",
                 "a sum may have many terms");
    output_check(apr_pstrcat(pool, "#if(", repeated("!", 5001), "$n)a#{else}b#end", NULL), "b",
                 "a condition may be turned around often");
    limit_check("#set($k = 1)#foreach($r in [1..1000000])#set($d = $foreach)#end", wide, "steps",
                "what is forgotten is counted");
}

/* A list that may be endless: each element has the steps and the output for itself. */
static void renewal_check(void)
{
    ds_fmt_velocity_limits_t narrow = wide;

    rows = 5000;
    narrow.steps = 50;
    narrow.output_bytes = 20;
    tap_is_number(rendered("#foreach($r in $all)$r.id #end", &narrow), APR_SUCCESS,
                  "a long list that renews the limits");
    tap_is_number((apr_int64_t)output_size, 23893, "all of it is written");
    limit_check("#foreach($r in $rows)$r.id #end", narrow, "20 bytes", "one that does not");
    limit_check("#foreach($r in $all)#foreach($i in [1..60])#end#end", narrow, "50 steps",
                "one element may take too many steps");
    limit_check("#foreach($r in $all)$r.id, $r.id, $r.id, $r.id and so on#end", narrow, "20 bytes",
                "or write too much");
    narrow = wide;
    narrow.memory_bytes = 1000;
    limit_check("#foreach($r in $all)#set($x = \"$!x$r.id\")#end", narrow, "1000 bytes",
                "what is put together of all is limited still");
}

static void names_check(void)
{
    ds_fmt_velocity_t *template;

    tap_ok(ds_fmt_velocity_parse(&template, &fault, "#foreach($a in $b)$c.d#end", 26, &wide,
                                 pool) == APR_SUCCESS &&
               ds_fmt_velocity_has(template, "a") && ds_fmt_velocity_has(template, "b") &&
               ds_fmt_velocity_has(template, "c"),
           "a template tells its variables");
    tap_ok(!ds_fmt_velocity_has(template, "d") && !ds_fmt_velocity_has(template, "e"),
           "and no others");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    refused_check();
    places_check();
    rows_check();
    statuses_check();
    limits_check();
    renewal_check();
    names_check();
    apr_terminate();
    return tap_end();
}
