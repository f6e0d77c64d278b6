/* <DataSyncObject NAME>: a kind of record, its fields and its key. */
#include "dsm_config.h"
#include "dsm_config_section.h"

#include <apr_strings.h>

typedef struct object_section_t {
    ds_object_t *object;
    int keys;
    const char *key[DSM_WORD_ARGS_MAX]; /* kept until all fields are known */
    const char *updated_at;             /* likewise; or NULL */
} object_section_t;

static const char *object_display_name_set(cmd_parms *cmd, void *target, int argc,
                                           const char *const *argv)
{
    object_section_t *section = target;

    section->object->display_name = argv[0];
    return *argv[0] ? NULL : "the name is empty";
}

static const char *object_field_set(cmd_parms *cmd, void *target, int argc, const char *const *argv)
{
    object_section_t *section = target;
    ds_problem_t *problem = ds_object_field_add(section->object, argv[0], argv[1],
                                                argc > 2 ? argv[2] : NULL, cmd->pool);

    return problem ? problem->text : NULL;
}

static const char *object_description_set(cmd_parms *cmd, void *target, int argc,
                                          const char *const *argv)
{
    object_section_t *section = target;

    section->object->description = argv[0];
    return NULL;
}

static const char *object_label_set(cmd_parms *cmd, void *target, int argc, const char *const *argv)
{
    object_section_t *section = target;
    ds_problem_t *problem = ds_object_label_set(section->object, argv[0], argv[1], cmd->pool);

    return problem ? problem->text : NULL;
}

static const char *object_key_set(cmd_parms *cmd, void *target, int argc, const char *const *argv)
{
    object_section_t *section = target;

    for (section->keys = 0; section->keys < argc; ++section->keys) {
        section->key[section->keys] = argv[section->keys];
    }
    return NULL;
}

static const char *object_updated_at_keep(cmd_parms *cmd, void *target, int argc,
                                          const char *const *argv)
{
    object_section_t *section = target;

    section->updated_at = argv[0];
    return NULL;
}

static const char *object_delete_set(cmd_parms *cmd, void *target, int argc,
                                     const char *const *argv)
{
    object_section_t *section = target;

    section->object->delete_marks = !ap_cstr_casecmp(argv[0], "mark");
    return section->object->delete_marks || !ap_cstr_casecmp(argv[0], "remove")
               ? NULL
               : "write mark or remove";
}

static const dsm_word_t object_words[] = {
    {"DisplayName", 1, 1, 0, "DisplayName \"Name for people\"", object_display_name_set},
    {"Description", 1, 1, 0, "Description \"Text for people\"", object_description_set},
    {"Label", 2, 2, DSM_WORD_REPEATED, "Label FIELD \"Name for people\"", object_label_set},
    {"Field", 2, 3, 1, "Field NAME TYPE, or Field NAME string CHARACTERS", object_field_set},
    {"Key", 1, DSM_WORD_ARGS_MAX, 0, "Key FIELD, or Key FIELD FIELD ...", object_key_set},
    {"UpdatedAt", 1, 1, 0, "UpdatedAt FIELD, the name of a datetime field", object_updated_at_keep},
    {"Delete", 1, 1, 0, "Delete mark or Delete remove", object_delete_set},
    {NULL, 0, 0, 0, NULL, NULL},
};

/* The line of a word: where a wrong field in it is reported. */
static const ap_directive_t *word_line_find(cmd_parms *cmd, const char *word)
{
    const char *words[] = {word, NULL};

    return dsm_section_line_find(cmd->directive, words);
}

static const char *object_finish(cmd_parms *cmd, object_section_t *section)
{
    ds_problem_t *problem = NULL;
    int i;

    for (i = 0; i < section->keys && !problem; ++i) {
        problem = ds_object_key_add(section->object, section->key[i], cmd->pool);
        cmd->err_directive = problem ? word_line_find(cmd, "Key") : NULL;
    }
    if (!problem && section->updated_at) {
        problem = ds_object_updated_at_set(section->object, section->updated_at, cmd->pool);
        cmd->err_directive = problem ? word_line_find(cmd, "UpdatedAt") : NULL;
    }
    if (!problem) {
        problem = ds_object_check(section->object, cmd->pool);
    }
    return problem ? problem->text : NULL;
}

const char *dsm_config_object_read(cmd_parms *cmd, void *unused, const char *args)
{
    dsm_config_t *config = dsm_config_get(cmd->server);
    object_section_t section = {0};
    const char *name;
    const char *fault = ap_check_cmd_context(cmd, GLOBAL_ONLY);
    ds_problem_t *problem;

    if (fault || (fault = dsm_section_argument_read(&name, cmd, args))) {
        return fault;
    }
    fault = ds_object_name_fault(name);
    if (!fault) {
        section.object = ds_object_make(name, cmd->pool);
        fault = dsm_section_read(cmd, name, object_words, &section);
        if (fault) {
            return fault;
        }
        fault = object_finish(cmd, &section);
    }
    if (!fault) {
        problem = ds_def_object_add(config->def, section.object, cmd->pool);
        fault = problem ? problem->text : NULL;
    }
    return fault ? apr_psprintf(cmd->pool, "%s %s>: %s", cmd->cmd->name, name, fault) : NULL;
}
