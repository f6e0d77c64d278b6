/* datasyncctl: the command line, and the table of commands that drives it and its help. */
#include "ctl.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OPT_DATABASE = 1,
    OPT_JSON,
    OPT_NAME,
    OPT_EXPIRES,
    OPT_LIMIT,
    OPT_DRY_RUN,
    OPT_BACKFILL,
    OPT_ROLE,
    OPT_SCOPES,
    OPT_HELP,
    OPT_VERSION
};

#define ALLOW(option) (1u << (option))
#define WITHOUT_DATABASE (1u << 31) /* beside the options of a command */

typedef struct ctl_command_t {
    const char *group;
    const char *verb; /* NULL: the group is a command by itself */
    const char *arguments;
    const char *help;
    int least; /* words after the command */
    int most;
    unsigned options; /* ALLOW() of those that only some commands take */
    ctl_run_cb *run;
    int input; /* which argument names a file to read, counted from 1; 0: none */
} ctl_command_t;

static const ctl_command_t commands[] = {
    {"object", "list", "", "the objects with their keys and rows", 0, 0, 0, ctl_object_list, 0},
    {"sync", "list", "", "the syncs", 0, 0, 0, ctl_sync_list, 0},
    {"sync", "enable", "SYNC", "accept launches of a sync again", 1, 1, 0, ctl_sync_enable, 0},
    {"sync", "disable", "SYNC", "refuse new launches of a sync", 1, 1, 0, ctl_sync_disable, 0},
    {"token", "create", "SYNC [--name NAME] [--expires 30d|2027-01-01] [--scopes SCOPE,...]",
     "make a token and print it, this once; with scopes a key (SYNC *: for all)", 1, 1,
     ALLOW(OPT_NAME) | ALLOW(OPT_EXPIRES) | ALLOW(OPT_SCOPES), ctl_token_create, 0},
    {"token", "list", "[SYNC]", "the tokens, oldest first", 0, 1, 0, ctl_token_list, 0},
    {"token", "revoke", "TOKEN_ID", "make a token useless from now on", 1, 1, 0, ctl_token_revoke,
     0},
    {"client", "create", "NAME OBJECT... [--role read-only|read-write]",
     "make an OAuth client for these objects (*: all) and print its secret, this once", 2,
     CTL_CLIENT_WORDS_MAX, ALLOW(OPT_ROLE), ctl_client_create, 0},
    {"client", "list", "", "the OAuth clients that were made here, oldest first", 0, 0, 0,
     ctl_client_list, 0},
    {"client", "revoke", "CLIENT_ID", "make an OAuth client useless from now on", 1, 1, 0,
     ctl_client_revoke, 0},
    {"launch", "list", "[SYNC] [--limit N]", "the newest launches (20)", 0, 1, ALLOW(OPT_LIMIT),
     ctl_launch_list, 0},
    {"launch", "show", "ID", "everything about one launch", 1, 1, 0, ctl_launch_show, 0},
    {"launch", "file", "ID [input|output|failures|warnings]",
     "write a launch's file to stdout (input, or output of an export)", 1, 2, 0, ctl_launch_file,
     0},
    {"launch", "cancel", "ID", "stop a launch", 1, 1, 0, ctl_launch_cancel, 0},
    {"launch", "retry", "ID", "run a launch once more that failed or was cancelled", 1, 1, 0,
     ctl_launch_retry, 0},
    {"outbox", "list", "[--limit N]", "the newest messages about launches (20), sent and waiting",
     0, 0, ALLOW(OPT_LIMIT), ctl_outbox_list, 0},
    {"run", NULL, "SYNC [FILE] [--dry-run] [--backfill]",
     "start a launch: an export or a pull, or with a file (-: stdin) an import or delete", 1, 2,
     ALLOW(OPT_DRY_RUN) | ALLOW(OPT_BACKFILL), ctl_run, 2},
    {"check", NULL, "", "look for faults in the database", 0, 0, 0, ctl_check, 0},
    {"source", "check", "FILE", "look for mistakes in a source spec (-: stdin); needs no database",
     1, 1, WITHOUT_DATABASE, ctl_source_check, 1},
    {"source", "preview", "SYNC [FILE] [--limit N]",
     "ask the source of a sync once, or take its answer from a file, and show the first records "
     "(3)",
     1, 2, ALLOW(OPT_LIMIT), ctl_source_preview, 2},
    {"source", "list", "", "the connection specs that clients have sent, oldest first", 0, 0, 0,
     ctl_source_list, 0},
    {"source", "show", "SPEC_ID", "write one to stdout, for a file of SourceSpec", 1, 1, 0,
     ctl_source_show, 0},
    {"source", "remove", "SPEC_ID", "remove one", 1, 1, 0, ctl_source_remove, 0},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void command_print(FILE *out, const ctl_command_t *command)
{
    fprintf(out, "  %s%s%s%s%s\n        %s\n", command->group, command->verb ? " " : "",
            command->verb ? command->verb : "", *command->arguments ? " " : "", command->arguments,
            command->help);
}

static void help_print(void)
{
    puts("Usage: datasyncctl [--database DRIVER:PARAMS] [--json] COMMAND\n\nCommands:");
    for (apr_size_t i = 0; i < COMMANDS; i++) {
        command_print(stdout, &commands[i]);
    }
    puts(
        "\nOptions:\n"
        "  --database DRIVER:PARAMS   sqlite3:/path or pgsql:CONNECTION; file:/path reads it from\n"
        "                             a file, so that no password is seen in the process list.\n"
        "                             Else the environment's DATASYNC_DATABASE, else\n"
        "                             sqlite3:" DATASYNC_STATE_DIR "/datasync.db\n"
        "  --json                     print JSON\n"
        "  --help, --version\n\n"
        "Exit codes: 0 fine, 1 no such thing or not possible (check: faults found),\n"
        "2 wrong usage, 3 trouble with the database. See datasyncctl(8).");
}

/* What a wrong command line could have been: the commands of its group, else the groups. */
static int usage_fail(const char *group)
{
    const char *last = "";
    int found = 0;

    for (apr_size_t i = 0; group && i < COMMANDS; i++) {
        if (strcmp(commands[i].group, group) == 0) {
            fputs(found++ ? "" : "Usage:\n", stderr);
            command_print(stderr, &commands[i]);
        }
    }
    if (!found) {
        fputs(group ? "datasyncctl: there is no such command; there are:"
                    : "datasyncctl: a command is missing; there are:",
              stderr);
        for (apr_size_t i = 0; i < COMMANDS; i++) {
            if (strcmp(last, commands[i].group) != 0) {
                fprintf(stderr, " %s", last = commands[i].group);
            }
        }
        fputs("; see datasyncctl --help\n", stderr);
    }
    return CTL_USAGE;
}

static const ctl_command_t *command_find(const char *group, const char *verb)
{
    for (apr_size_t i = 0; group && i < COMMANDS; i++) {
        if (strcmp(commands[i].group, group) == 0 &&
            (!commands[i].verb || (verb && strcmp(commands[i].verb, verb) == 0))) {
            return &commands[i];
        }
    }
    return NULL;
}

/* Read the options into ctl and into the set of those that were given. The words that are no
 * options stand behind optind afterwards. The exit code, or -1 to go on. */
static int options_read(ctl_t *ctl, unsigned *given, int argc, char **argv)
{
    static const struct option options[] = {{"database", required_argument, NULL, OPT_DATABASE},
                                            {"json", no_argument, NULL, OPT_JSON},
                                            {"name", required_argument, NULL, OPT_NAME},
                                            {"expires", required_argument, NULL, OPT_EXPIRES},
                                            {"limit", required_argument, NULL, OPT_LIMIT},
                                            {"dry-run", no_argument, NULL, OPT_DRY_RUN},
                                            {"backfill", no_argument, NULL, OPT_BACKFILL},
                                            {"role", required_argument, NULL, OPT_ROLE},
                                            {"scopes", required_argument, NULL, OPT_SCOPES},
                                            {"help", no_argument, NULL, OPT_HELP},
                                            {"version", no_argument, NULL, OPT_VERSION},
                                            {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == '?') {
            return CTL_USAGE;
        }
        *given |= ALLOW(option);
        switch (option) {
        case OPT_DATABASE: ctl->database = optarg; break;
        case OPT_JSON: ctl->json = 1; break;
        case OPT_NAME: ctl->name = optarg; break;
        case OPT_EXPIRES: ctl->expires = optarg; break;
        case OPT_LIMIT: ctl->limit = optarg; break;
        case OPT_DRY_RUN: ctl->dry_run = 1; break;
        case OPT_BACKFILL: ctl->backfill = 1; break;
        case OPT_ROLE: ctl->role = optarg; break;
        case OPT_SCOPES: ctl->scopes = optarg; break;
        case OPT_HELP: help_print(); return CTL_OK;
        case OPT_VERSION: puts("datasyncctl " DATASYNC_VERSION); return CTL_OK;
        }
    }
    return -1;
}

/* Before the process becomes the owner of the database, who may not be able to read the file. path
 * is NULL where the argument is missing. */
static int input_open(ctl_t *ctl, const char *path)
{
    apr_status_t status = APR_SUCCESS;

    if (path && strcmp(path, "-") == 0) {
        status = apr_file_open_stdin(&ctl->input, ctl->pool);
    }
    else if (path) {
        status = apr_file_open(&ctl->input, path, APR_FOPEN_READ | APR_FOPEN_BINARY, 0, ctl->pool);
    }
    return status == APR_SUCCESS
               ? CTL_OK
               : ctl_fail(CTL_REFUSED, "%s: %s", path, ds_problem_status_text(status, ctl->pool));
}

static int command_run(ctl_t *ctl, unsigned given, int count, char **words)
{
    const unsigned special = ALLOW(OPT_NAME) | ALLOW(OPT_EXPIRES) | ALLOW(OPT_LIMIT) |
                             ALLOW(OPT_DRY_RUN) | ALLOW(OPT_ROLE) | ALLOW(OPT_SCOPES);
    const char *group = count > 0 ? words[0] : NULL;
    const ctl_command_t *command = command_find(group, count > 1 ? words[1] : NULL);
    int used = command && command->verb ? 2 : 1;
    int code;

    if (!command || count - used < command->least || count - used > command->most ||
        (given & special & ~command->options)) {
        return usage_fail(group);
    }
    code = command->input ? input_open(ctl, words[used + command->input - 1]) : CTL_OK;
    if (code == CTL_OK && !(command->options & WITHOUT_DATABASE)) {
        code = ctl_database_open(ctl);
    }
    /* argv ends with NULL, so the words after the command do too */
    return code == CTL_OK ? command->run(ctl, (const char *const *)words + used) : code;
}

/* The name for messages such as "cancelled by root"; asked before the process changes its user. */
static const char *user_find(apr_pool_t *pool)
{
    const struct passwd *user = getpwuid(getuid());

    return user ? apr_pstrdup(pool, user->pw_name)
                : apr_psprintf(pool, "%lu", (unsigned long)getuid());
}

int main(int argc, char **argv)
{
    ctl_t ctl = {0};
    unsigned given = 0;
    int code;

    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&ctl.pool, NULL) != APR_SUCCESS) {
        return ctl_fail(CTL_DATABASE, "apr cannot be initialised");
    }
    atexit(apr_terminate);
    code = options_read(&ctl, &given, argc, argv);
    if (code < 0) {
        ctl.user = user_find(ctl.pool);
        code = ds_db_init(ctl.pool) == APR_SUCCESS
                   ? command_run(&ctl, given, argc - optind, argv + optind)
                   : ctl_fail(CTL_DATABASE, "apr_dbd cannot be initialised");
    }
    if ((fflush(stdout) != 0 || ferror(stdout)) && code == CTL_OK) {
        code = ctl_fail(CTL_REFUSED, "cannot write to stdout");
    }
    return code;
}
