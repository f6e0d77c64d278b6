/* Messages of the process that runs a stranger's query: whatever it sends, its runner reads no byte
 * that is not there and takes nothing that is no text. */
#include <apr_general.h>

#include <math.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dsw_answer.h"
#include "ds_problem.h"
#include "tap.h"

static apr_pool_t *pool;
static int ends[2];
static dsw_wire_t *near_end, *far_end;

static void wires_make(void)
{
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        abort();
    near_end = dsw_wire_make(ends[0], 1000, NULL, NULL, pool);
    far_end = dsw_wire_make(ends[1], 1000, NULL, NULL, pool);
}

static dsw_value_t text_value(const char *text, apr_size_t length)
{
    return (dsw_value_t){.type = DSW_VALUE_TEXT, .text = text, .length = length};
}

/* What was begun and added, as it comes. */
static dsw_message_t message_pass(void)
{
    dsw_message_t message = {0};

    if (dsw_wire_send(near_end) != APR_SUCCESS ||
        dsw_wire_receive(&message, far_end) != APR_SUCCESS)
        abort();
    return message;
}

static void values_check(void)
{
    const dsw_value_t values[] = {{.type = DSW_VALUE_NONE},
                                  {.type = DSW_VALUE_INTEGER, .integer = APR_INT64_MIN},
                                  {.type = DSW_VALUE_BOOLEAN, .integer = 1},
                                  {.type = DSW_VALUE_DOUBLE, .number = -0.1},
                                  text_value("", 0),
                                  text_value("a\0b", 3)};
    dsw_message_t message;
    apr_int64_t number;
    dsw_value_t value;
    unsigned i;
    int good;

    dsw_wire_begin(near_end, 'x');
    dsw_wire_number_add(near_end, -5);
    for (i = 0; i < sizeof(values) / sizeof(*values); i++)
        dsw_wire_value_add(near_end, &values[i]);
    dsw_wire_text_add(near_end, NULL);
    message = message_pass();
    tap_is_number(message.kind, 'x', "a message has its kind");
    good = dsw_message_number_take(&number, &message) && number == -5;
    for (i = 0; i < sizeof(values) / sizeof(*values); i++)
        good &=
            dsw_message_value_take(&value, &message) && value.type == values[i].type &&
            value.integer == values[i].integer && value.length == values[i].length &&
            (value.type != DSW_VALUE_TEXT || !memcmp(value.text, values[i].text, value.length + 1));
    tap_ok(good, "values come as they went");
    tap_ok(dsw_message_value_take(&value, &message) && value.type == DSW_VALUE_NONE, "also none");
    tap_ok(!dsw_message_value_take(&value, &message) && !dsw_message_number_take(&number, &message),
           "and nothing is behind them");
}

/* A value of raw bytes. */
static int raw_is_taken(const char *bytes, apr_size_t size)
{
    char *copy = malloc(size); /* exactly so large, for those who watch over memory */
    dsw_message_t message = {'x', copy, copy + size};
    dsw_value_t value;
    int taken;

    memcpy(copy, bytes, size);
    taken = dsw_message_value_take(&value, &message);
    free(copy);
    return taken;
}

static void raw_check(void)
{
    char good[] = "\4\3\0\0\0\0\0\0\0abc"; /* a text of three bytes, and its NUL */
    char bad[sizeof(good)];
    apr_size_t size;

    tap_ok(raw_is_taken(good, sizeof(good)), "a text is a text");
    for (size = 1; size < sizeof(good); size++)
        if (raw_is_taken(good, size))
            break;
    tap_is_number((int64_t)size, sizeof(good), "no part of it is one");
    memcpy(bad, good, sizeof(good));
    bad[sizeof(good) - 1] = 'd';
    tap_ok(!raw_is_taken(bad, sizeof(bad)), "nor one without its NUL");
    memcpy(bad, good, sizeof(good));
    memset(bad + 1, 0xff, 8);
    tap_ok(!raw_is_taken(bad, sizeof(bad)), "nor one of a length below nothing");
    bad[8] = 0x7f;
    tap_ok(!raw_is_taken(bad, sizeof(bad)), "nor one that is longer than all memory");
    memcpy(bad, good, sizeof(good));
    bad[0] = 5;
    tap_ok(!raw_is_taken(bad, sizeof(bad)), "nor a value of an unknown type");
    bad[0] = -1;
    tap_ok(!raw_is_taken(bad, sizeof(bad)), "whatever its sign");
}

static void frames_check(void)
{
    apr_uint32_t size = 1002;
    dsw_message_t message;

    tap_ok(write(ends[0], &size, 4) == 4 && write(ends[0], "x", 1) == 1 &&
               dsw_wire_receive(&message, far_end) == DS_ELIMIT,
           "a message that is too large is not read");
    size = 0;
    tap_ok(write(ends[0], &size, 4) == 4 && write(ends[0], "x", 1) == 1 &&
               dsw_wire_receive(&message, far_end) == DS_ELIMIT,
           "nor one without a kind");
    size = 9;
    tap_ok(write(ends[0], &size, 4) == 4 && write(ends[0], "xabc", 4) == 4, "one that breaks off");
    close(ends[0]);
    tap_is_number(dsw_wire_receive(&message, far_end), APR_EOF, "is the end of the other end");
    tap_is_number(dsw_wire_receive(&message, far_end), APR_EOF, "for ever");
    dsw_wire_begin(far_end, 'x');
    tap_is_number(dsw_wire_send(far_end), APR_EOF, "who sends learns it too");
}

/* --- results --- */

static dsw_answer_t *answer_make(apr_status_t *status, ds_problem_t **problem, apr_int64_t count,
                                 const char *const *names)
{
    dsw_answer_t *answer = NULL;
    dsw_message_t message;
    int i;

    dsw_wire_begin(near_end, 'C');
    dsw_wire_number_add(near_end, count);
    for (i = 0; names[i]; i++) {
        dsw_wire_text_add(near_end, names[i]);
        dsw_wire_number_add(near_end, 0);
    }
    message = message_pass();
    *problem = NULL;
    *status = dsw_answer_make(&answer, problem, &message, pool);
    return answer;
}

static void columns_check(void)
{
    static const char *const twice[] = {"a", "b\n", "b ", NULL}, *const two[] = {"a", "b", NULL};
    static const apr_int64_t counts[] = {0, -1, 3, 2001, APR_INT64_MAX};
    ds_problem_t *problem;
    apr_status_t status;
    unsigned i;

    answer_make(&status, &problem, 3, twice);
    tap_is_number(status, DS_EINPUT, "two columns of one name are refused");
    tap_is_text(problem->text, "sqlQuery: two columns are called b : name one otherwise, by AS",
                "in one line");
    for (i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
        answer_make(&status, &problem, counts[i], two);
        tap_is_number(status, APR_EGENERAL, "a wrong number of columns is no message");
    }
}

static const char *number_text(dsw_answer_t *answer, double number)
{
    dsw_value_t value = {.type = DSW_VALUE_DOUBLE, .number = number};
    ds_problem_t *problem = NULL;
    dsw_message_t message;

    dsw_wire_begin(near_end, 'R');
    dsw_wire_value_add(near_end, &value);
    message = message_pass();
    if (dsw_answer_row_take(&problem, answer, &message) != APR_SUCCESS)
        return "a problem";
    return answer->values[0];
}

static apr_status_t text_status(dsw_answer_t *answer, const char *text, apr_size_t length)
{
    dsw_value_t value = text_value(text, length);
    ds_problem_t *problem = NULL;
    dsw_message_t message;

    dsw_wire_begin(near_end, 'R');
    dsw_wire_value_add(near_end, &value);
    message = message_pass();
    return dsw_answer_row_take(&problem, answer, &message);
}

static void rows_check(void)
{
    static const char *const one[] = {"a", NULL};
    ds_problem_t *problem;
    apr_status_t status;
    dsw_answer_t *answer = answer_make(&status, &problem, 1, one);

    tap_is_number(status, APR_SUCCESS, "columns are taken");
    tap_is_text(number_text(answer, 0.1), "0.1", "a number has no more digits than it needs");
    tap_is_text(number_text(answer, 0.1 + 0.2), "0.30000000000000004", "and no less");
    tap_is_text(number_text(answer, 3.0), "3", "a whole one none behind the point");
    tap_is_text(number_text(answer, INFINITY), NULL, "what is no number is no value");
    tap_is_text(number_text(answer, NAN), NULL, "whatever it is");
    tap_is_number(text_status(answer, "\xc3\xbc", 2), APR_SUCCESS, "a text is taken");
    tap_is_number(text_status(answer, "\xc3", 1), DS_EDB, "a part of one is not");
    tap_is_number(text_status(answer, "a\0b", 3), DS_EDB, "nor one with a NUL inside");
    tap_is_text(dsw_answer_words("a\nb\x1b[1m\xff", pool), "a b [1m",
                "words are one line of UTF-8");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    wires_make();
    values_check();
    raw_check();
    columns_check();
    rows_check();
    frames_check();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_end();
}
