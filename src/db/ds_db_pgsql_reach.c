#include "ds_db_pgsql_reach.h"

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <apr_strings.h>

#include "ds_clock.h"
#include "ds_db_private.h"

#define SERVERS_MAX 16
#define OPTIONS_MAX 64 /* libpq 15 knows 44 */
#define MEMORY apr_time_from_sec(1)
#define TURN apr_time_from_msec(100)
#define CONNECT_TIMEOUT_MIN 2  /* seconds; libpq takes 1 for 2 */
#define CONNECT_TIMEOUT_MAX 60 /* seconds; for who has given 0, which is for ever */

/* One attempt to connect. */
typedef struct {
    PGconn *conn;
    PostgresPollingStatusType next; /* what it waits for */
    int talked;                     /* it got as far as waiting for an answer to its first words */
    const char *keywords[OPTIONS_MAX + 1];
    const char *values[OPTIONS_MAX + 1];
} attempt_t;

/* What is used unless the administrator says something else: a peer that is gone is noticed. */
static const char *const defaults[][2] = {
    {"keepalives_idle", "30"},
    {"keepalives_interval", "10"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "30000"},
    {"fallback_application_name", "mod_datasync"},
};

/* --- what is known to be away --- */

static struct {
    pthread_mutex_t lock;
    char *given; /* whose servers */
    char words[512];
    apr_time_t until;
    int asking; /* a thread tries again */
} away = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void away_note(const char *given, const char *words)
{
    if (!away.given || strcmp(away.given, given)) {
        free(away.given);
        away.given = strdup(given);
    }
    apr_cpystrn(away.words, words, sizeof(away.words));
    away.until = ds_clock_steady() + MEMORY;
}

void ds_db_pgsql_away_set(const char *given, const char *words)
{
    pthread_mutex_lock(&away.lock);
    away_note(given, words);
    pthread_mutex_unlock(&away.lock);
}

/* True, with the words of before, when nobody should ask now. Else the caller asks. */
static int away_is_known(const char **words, const char *given, apr_pool_t *pool)
{
    int known;

    pthread_mutex_lock(&away.lock);
    known = *away.words && away.given && !strcmp(away.given, given) &&
            (away.asking || ds_clock_steady() < away.until);
    if (known)
        *words = apr_pstrdup(pool, away.words);
    else
        away.asking = 1;
    pthread_mutex_unlock(&away.lock);
    return known;
}

/* The end of asking; words is NULL when a server was found. */
static void away_answer(const char *given, const char *words)
{
    pthread_mutex_lock(&away.lock);
    away.asking = 0;
    if (words)
        away_note(given, words);
    else
        *away.words = '\0';
    pthread_mutex_unlock(&away.lock);
}

/* --- attempts --- */

static int attempt_has_ended(const attempt_t *attempt)
{
    return attempt->next == PGRES_POLLING_OK || attempt->next == PGRES_POLLING_FAILED;
}

static void attempt_begin(attempt_t *attempt, PGconn *conn)
{
    attempt->conn = conn;
    attempt->talked = 0;
    attempt->next = PQstatus(conn) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
}

static void attempt_go_on(attempt_t *attempt)
{
    attempt->next = PQconnectPoll(attempt->conn);
    if (PQstatus(attempt->conn) == CONNECTION_AWAITING_RESPONSE)
        attempt->talked = 1;
}

/* Let all attempts go on that can, and wait a little of what is `left` where none can. When the
 * machine stood still meanwhile, so did the server: that time is not taken from what is left. */
static void attempts_run(attempt_t *attempts, int count, apr_interval_time_t *left)
{
    struct pollfd sockets[SERVERS_MAX];
    apr_interval_time_t turn = *left < TURN ? *left : TURN, lasted;
    apr_time_t began = ds_clock_steady();
    int i, ready;

    for (i = 0; i < count; i++) {
        sockets[i].fd = attempt_has_ended(&attempts[i]) ? -1 : PQsocket(attempts[i].conn);
        sockets[i].events = attempts[i].next == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        sockets[i].revents = 0;
    }
    ready = poll(sockets, (nfds_t)count, (int)apr_time_as_msec(turn) + 1);
    lasted = ds_clock_steady() - began;
    *left -= lasted < turn ? lasted : turn;
    for (i = 0; i < count && ready > 0; i++)
        if (sockets[i].fd >= 0 && sockets[i].revents)
            attempt_go_on(&attempts[i]);
}

/* The first one that succeeded, when no earlier one may still; at the end the first of all. -1:
 * none, or none yet. */
static int attempts_choose(const attempt_t *attempts, int count, int at_the_end)
{
    int i;

    for (i = 0; i < count; i++) {
        if (attempts[i].next == PGRES_POLLING_OK)
            return i;
        if (!attempt_has_ended(&attempts[i]) && !at_the_end)
            return -1;
    }
    return -1;
}

static int attempts_are_over(const attempt_t *attempts, int count)
{
    int i;

    for (i = 0; i < count && attempt_has_ended(&attempts[i]); i++)
        ;
    return i == count;
}

int ds_db_pgsql_answers(const char *params, apr_interval_time_t patience, int (*is_wanted)(void))
{
    attempt_t attempt = {0};
    int answers;

    attempt_begin(&attempt, PQconnectStart(params));
    while (!attempt_has_ended(&attempt) && patience > 0 && is_wanted())
        attempts_run(&attempt, 1, &patience);
    answers = attempt.next == PGRES_POLLING_OK ||
              (attempt.next == PGRES_POLLING_FAILED && attempt.talked) ||
              PQstatus(attempt.conn) == CONNECTION_AUTH_OK;
    PQfinish(attempt.conn);
    return answers;
}

/* --- the parameters of one server --- */

static int parts_count(const char *list)
{
    int count = 1;

    if (!list || !*list)
        return 0;
    for (; *list; list++)
        count += *list == ',';
    return count;
}

/* The part of a list with commas; of a list of one part, that one. */
static const char *part_get(const char *list, int part, apr_pool_t *pool)
{
    const char *end;

    if (parts_count(list) <= 1)
        return list;
    for (; part && *list; list++)
        part -= *list == ',';
    end = strchr(list, ',');
    return end ? apr_pstrndup(pool, list, (apr_size_t)(end - list)) : list;
}

static const PQconninfoOption *option_find(const PQconninfoOption *options, const char *name)
{
    for (; options->keyword && strcmp(options->keyword, name); options++)
        ;
    return options->keyword && options->val ? options : NULL;
}

static const char *option_value(const PQconninfoOption *options, const char *name)
{
    const PQconninfoOption *option = option_find(options, name);

    return option ? option->val : NULL;
}

static int servers_count(const PQconninfoOption *options)
{
    int hosts = parts_count(option_value(options, "host"));
    int addresses = parts_count(option_value(options, "hostaddr"));
    int count = addresses > hosts ? addresses : hosts;

    if (count > SERVERS_MAX)
        return SERVERS_MAX;
    return count ? count : 1;
}

static int is_of_a_server(const char *keyword)
{
    return !strcmp(keyword, "host") || !strcmp(keyword, "hostaddr") || !strcmp(keyword, "port");
}

/* libpq looks for a certificate of ours in HOME, and fails when it may not look: which is so when
 * HOME is still that of root. A path below a file is no certificate and no failure. */
static const char *certificate_default(apr_pool_t *pool)
{
    const char *home = getenv("HOME");
    struct stat info;

    if (!home || stat(apr_pstrcat(pool, home, "/.postgresql/postgresql.crt", NULL), &info) == 0)
        return NULL;
    return errno == EACCES ? "/dev/null/none" : NULL;
}

static void attempt_param_add(attempt_t *attempt, int *count, const PQconninfoOption *options,
                              const char *keyword, const char *value)
{
    if (!value || option_find(options, keyword))
        return;
    attempt->keywords[*count] = keyword;
    attempt->values[(*count)++] = value;
}

static void attempt_params_set(attempt_t *attempt, const PQconninfoOption *options, int server,
                               apr_interval_time_t patience, apr_pool_t *pool)
{
    apr_int64_t seconds = apr_time_sec(patience);
    const PQconninfoOption *option;
    int count = 0;
    unsigned i;

    for (option = options; option->keyword && count < OPTIONS_MAX - 8; option++) {
        if (!option->val)
            continue;
        attempt->keywords[count] = option->keyword;
        attempt->values[count++] =
            is_of_a_server(option->keyword) ? part_get(option->val, server, pool) : option->val;
    }
    for (i = 0; i < sizeof(defaults) / sizeof(*defaults); i++)
        attempt_param_add(attempt, &count, options, defaults[i][0], defaults[i][1]);
    attempt_param_add(
        attempt, &count, options, "connect_timeout",
        apr_ltoa(pool, (long)(seconds > CONNECT_TIMEOUT_MIN ? seconds : CONNECT_TIMEOUT_MIN)));
    attempt_param_add(attempt, &count, options, "sslcert", certificate_default(pool));
}

/* The parameters of an attempt as a text, values in quotes. */
static const char *attempt_params_text(const attempt_t *attempt, apr_pool_t *pool)
{
    apr_size_t size = 1;
    const char *from;
    char *text, *to;
    int i;

    for (i = 0; attempt->keywords[i]; i++)
        size += strlen(attempt->keywords[i]) + 2 * strlen(attempt->values[i]) + 4;
    text = to = apr_palloc(pool, size);
    for (i = 0; attempt->keywords[i]; i++) {
        to = apr_cpystrn(to, attempt->keywords[i], size);
        *to++ = '=';
        *to++ = '\'';
        for (from = attempt->values[i]; *from; from++) {
            if (*from == '\'' || *from == '\\')
                *to++ = '\\';
            *to++ = *from;
        }
        *to++ = '\'';
        *to++ = ' ';
    }
    *to = '\0';
    return text;
}

/* --- which server --- */

static const char *attempt_words(const attempt_t *attempt, apr_pool_t *pool)
{
    const char *host = PQhost(attempt->conn), *port = PQport(attempt->conn);

    if (attempt->next == PGRES_POLLING_FAILED)
        return ds_db_one_line(PQerrorMessage(attempt->conn), pool);
    return apr_psprintf(pool, "the server \"%s\", port %s, does not answer",
                        host && *host ? host : "of this machine", port ? port : "unknown");
}

/* Connect to all of them; the number of the one to take, or -1 and why none. */
static int attempts_decide(const char **words, attempt_t *attempts, int count,
                           apr_interval_time_t patience, apr_pool_t *pool)
{
    int chosen, i;

    for (i = 0; i < count; i++)
        attempt_begin(&attempts[i],
                      PQconnectStartParams(attempts[i].keywords, attempts[i].values, 0));
    do {
        chosen = attempts_choose(attempts, count, 0);
        if (chosen < 0)
            attempts_run(attempts, count, &patience);
    } while (chosen < 0 && !attempts_are_over(attempts, count) && patience > 0);
    if (chosen < 0)
        chosen = attempts_choose(attempts, count, 1);
    *words = "";
    for (i = 0; i < count; i++) {
        if (chosen < 0)
            *words =
                apr_pstrcat(pool, *words, i ? "; " : "", attempt_words(&attempts[i], pool), NULL);
        PQfinish(attempts[i].conn);
    }
    return chosen;
}

apr_interval_time_t ds_db_pgsql_patience(const char *given, apr_interval_time_t usual)
{
    PQconninfoOption *options = PQconninfoParse(given, NULL);
    const char *timeout = options ? option_value(options, "connect_timeout") : NULL;
    int is_given = timeout != NULL;
    apr_int64_t seconds = is_given ? apr_atoi64(timeout) : 0;

    PQconninfoFree(options);
    if (!is_given)
        return usual;
    return apr_time_from_sec(seconds > 0 && seconds < CONNECT_TIMEOUT_MAX ? seconds
                                                                          : CONNECT_TIMEOUT_MAX);
}

static ds_problem_t *away_problem(const char *words, apr_pool_t *pool)
{
    return ds_problem_make(pool, DS_EBUSY, "the database cannot be opened: %s", words);
}

ds_problem_t *ds_db_pgsql_reach(const char **params, const char *given,
                                apr_interval_time_t patience, apr_pool_t *pool)
{
    PQconninfoOption *options;
    attempt_t *attempts;
    const char *words;
    int count, chosen, i;

    if (away_is_known(&words, given, pool))
        return away_problem(words, pool);
    options = PQconninfoParse(given, NULL);
    if (!options)
        return away_problem("its parameters cannot be read", pool);
    count = servers_count(options);
    attempts = apr_pcalloc(pool, sizeof(*attempts) * (apr_size_t)count);
    for (i = 0; i < count; i++)
        attempt_params_set(&attempts[i], options, i, patience, pool);
    chosen = attempts_decide(&words, attempts, count, patience, pool);
    away_answer(given, chosen < 0 ? words : NULL);
    if (chosen >= 0)
        *params = attempt_params_text(&attempts[chosen], pool);
    PQconninfoFree(options);
    return chosen < 0 ? away_problem(words, pool) : NULL;
}
