#include "dsw_answer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#define COLUMNS_MAX 2000 /* SQLite's own limit */

const char *dsw_answer_words(const char *words, apr_pool_t *pool)
{
    char *line = apr_pstrdup(pool, words), *at;
    apr_size_t chars, bad;

    for (at = line; *at; at++)
        if (apr_iscntrl(*at))
            *at = ' ';
    if (!ds_value_utf8(&chars, &bad, line, (apr_size_t)(at - line)))
        line[bad] = '\0';
    return line;
}

/* --- columns --- */

static int column_is_twice(const dsw_answer_t *answer, int column)
{
    int i;

    for (i = 0; i < column; i++)
        if (!strcmp(answer->columns[i].name, answer->columns[column].name))
            return 1;
    return 0;
}

static apr_status_t column_take(ds_problem_t **problem, dsw_answer_t *answer, int column,
                                dsw_message_t *message)
{
    dsw_value_t name;
    apr_int64_t is_boolean;

    if (!dsw_message_value_take(&name, message) || name.type != DSW_VALUE_TEXT ||
        !dsw_message_number_take(&is_boolean, message))
        return APR_EGENERAL;
    answer->columns[column].name = dsw_answer_words(name.text, answer->pool);
    answer->layout.titles[column] = answer->columns[column].name;
    answer->layout.places[column] = column;
    if (!column_is_twice(answer, column))
        return APR_SUCCESS;
    *problem = ds_problem_make(answer->pool, DS_EINPUT,
                               "sqlQuery: two columns are called %s: name one otherwise, by AS",
                               answer->columns[column].name);
    return DS_EINPUT;
}

apr_status_t dsw_answer_make(dsw_answer_t **result, ds_problem_t **problem, dsw_message_t *message,
                             apr_pool_t *pool)
{
    dsw_answer_t *answer = *result = apr_pcalloc(pool, sizeof(*answer));
    ds_db_table_t *table = apr_pcalloc(pool, sizeof(*table));
    apr_status_t status = APR_SUCCESS;
    apr_int64_t count;
    apr_size_t width;
    int i;

    if (!dsw_message_number_take(&count, message) || count < 1 || count > COLUMNS_MAX)
        return APR_EGENERAL;
    width = (apr_size_t)count;
    answer->pool = pool;
    answer->columns = apr_pcalloc(pool, sizeof(*answer->columns) * width);
    answer->values = apr_pcalloc(pool, sizeof(*answer->values) * width);
    answer->numbers = apr_palloc(pool, sizeof(*answer->numbers) * width);
    *table = (ds_db_table_t){"", answer->columns, (int)count, 0};
    answer->layout =
        (dsw_layout_t){.query = {.table = table}, .count = (int)count, .updated_at = -1};
    answer->layout.places = apr_palloc(pool, sizeof(*answer->layout.places) * width);
    answer->layout.titles = apr_palloc(pool, sizeof(*answer->layout.titles) * width);
    for (i = 0; i < answer->layout.count && status == APR_SUCCESS; i++)
        status = column_take(problem, answer, i, message);
    return status;
}

/* --- rows --- */

/* With as many digits as it takes to read the same number again. NULL: it has none. */
static const char *double_print(char *room, apr_size_t size, double number)
{
    if (!isfinite(number))
        return NULL;
    snprintf(room, size, "%.15g", number);
    if (strtod(room, NULL) != number)
        snprintf(room, size, "%.17g", number);
    return room;
}

static apr_status_t text_check(ds_problem_t **problem, const dsw_answer_t *answer, int column,
                               const dsw_value_t *value)
{
    apr_size_t chars, bad;

    if (ds_value_utf8(&chars, &bad, value->text, value->length))
        return APR_SUCCESS;
    *problem = ds_problem_make(answer->pool, DS_EDB,
                               "The query failed: a value of the column %s is not UTF-8",
                               answer->columns[column].name);
    return DS_EDB;
}

static apr_status_t value_take(ds_problem_t **problem, dsw_answer_t *answer, int column,
                               dsw_message_t *message)
{
    static const ds_db_column_e kinds[] = {[DSW_VALUE_NONE] = DS_COLUMN_TEXT,
                                           [DSW_VALUE_INTEGER] = DS_COLUMN_INTEGER,
                                           [DSW_VALUE_BOOLEAN] = DS_COLUMN_BOOLEAN,
                                           [DSW_VALUE_DOUBLE] = DS_COLUMN_DECIMAL,
                                           [DSW_VALUE_TEXT] = DS_COLUMN_TEXT};
    char *room = answer->numbers[column];
    apr_size_t size = sizeof(answer->numbers[column]);
    const char **text = &answer->values[column];
    dsw_value_t value;

    if (!dsw_message_value_take(&value, message))
        return APR_EGENERAL;
    answer->columns[column].kind = kinds[value.type];
    switch (value.type) {
    case DSW_VALUE_NONE: *text = NULL; break;
    case DSW_VALUE_INTEGER:
        apr_snprintf(room, size, "%" APR_INT64_T_FMT, value.integer);
        *text = room;
        break;
    case DSW_VALUE_BOOLEAN: *text = value.integer ? "1" : "0"; break;
    case DSW_VALUE_DOUBLE: *text = double_print(room, size, value.number); break;
    case DSW_VALUE_TEXT: *text = value.text; return text_check(problem, answer, column, &value);
    }
    return APR_SUCCESS;
}

apr_status_t dsw_answer_row_take(ds_problem_t **problem, dsw_answer_t *answer,
                                 dsw_message_t *message)
{
    apr_status_t status = APR_SUCCESS;
    int i;

    for (i = 0; i < answer->layout.count && status == APR_SUCCESS; i++)
        status = value_take(problem, answer, i, message);
    return status;
}
