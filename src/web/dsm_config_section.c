#include "dsm_config_section.h"

#include <apr_strings.h>

const char *dsm_section_argument_read(const char **argument, cmd_parms *cmd, const char *args)
{
    const char *end = ap_strrchr_c(args, '>');
    const char *rest;

    if (!end || end[1]) {
        return apr_pstrcat(cmd->pool, cmd->cmd->name, " must end with '>'", NULL);
    }
    rest = apr_pstrmemdup(cmd->pool, args, (apr_size_t)(end - args));
    *argument = ap_getword_conf(cmd->pool, &rest);
    if (!**argument || *rest) {
        return apr_pstrcat(cmd->pool, cmd->cmd->name, "> takes one argument, ", cmd->cmd->errmsg,
                           NULL);
    }
    return NULL;
}

static const dsm_word_t *word_find(const dsm_word_t *words, const char *name)
{
    const dsm_word_t *word;

    for (word = words; word->name; ++word) {
        if (!ap_cstr_casecmp(word->name, name)) {
            return word;
        }
    }
    return NULL;
}

static const char *words_list(const dsm_word_t *words, apr_pool_t *pool)
{
    const char *list = words->name;
    const dsm_word_t *word;

    for (word = words + 1; word->name; ++word) {
        list = apr_pstrcat(pool, list, word[1].name ? ", " : " or ", word->name, NULL);
    }
    return list;
}

/* The line of this word that stands before `line` in the same section, or NULL. */
static const ap_directive_t *word_earlier(cmd_parms *cmd, const ap_directive_t *line)
{
    const ap_directive_t *other;

    for (other = cmd->directive->first_child; other != line; other = other->next) {
        if (!ap_cstr_casecmp(other->directive, line->directive)) {
            return other;
        }
    }
    return NULL;
}

int dsm_section_line_split(const char **argv, const ap_directive_t *line, apr_pool_t *pool)
{
    const char *args = line->args;
    int argc = 0;

    while (*args && argc < DSM_WORD_ARGS_MAX) {
        argv[argc++] = ap_getword_conf(pool, &args);
    }
    return *args ? -1 : argc;
}

const ap_directive_t *dsm_section_line_find(const ap_directive_t *section, const char *const *words)
{
    const ap_directive_t *line;
    const char *const *word;

    for (line = section->first_child; line; line = line->next) {
        for (word = words; *word; ++word) {
            if (!ap_cstr_casecmp(line->directive, *word)) {
                return line;
            }
        }
    }
    return NULL;
}

static const char *line_read(cmd_parms *cmd, const dsm_word_t *word, void *target,
                             const ap_directive_t *line)
{
    const char *argv[DSM_WORD_ARGS_MAX];
    const ap_directive_t *earlier =
        word->flags & DSM_WORD_REPEATED ? NULL : word_earlier(cmd, line);
    int argc = dsm_section_line_split(argv, line, cmd->pool);

    if (earlier) {
        return apr_psprintf(cmd->pool, "it was already given in line %d: write it once",
                            earlier->line_num);
    }
    if (argc < word->least || argc > word->most) {
        return apr_pstrcat(cmd->pool, "write ", word->usage, NULL);
    }
    return word->set(cmd, target, argc, argv);
}

const char *dsm_section_read(cmd_parms *cmd, const char *argument, const dsm_word_t *words,
                             void *target)
{
    const ap_directive_t *line;
    const dsm_word_t *word;
    const char *fault, *shown;

    for (line = cmd->directive->first_child; line; line = line->next) {
        word = word_find(words, line->directive);
        fault = word ? line_read(cmd, word, target, line)
                     : apr_psprintf(cmd->pool, "this section has no such word: use %s",
                                    words_list(words, cmd->pool));
        if (fault) {
            cmd->err_directive = line;
            shown = word && word->flags & DSM_WORD_SECRET ? "" : line->args;
            return apr_psprintf(cmd->pool, "%s %s>: %s%s%s: %s", cmd->cmd->name, argument,
                                line->directive, *shown ? " " : "", shown, fault);
        }
    }
    return NULL;
}
