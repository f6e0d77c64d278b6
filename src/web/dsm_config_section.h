/* The body of our sections, read from httpd's configuration tree.
 *
 * The words inside (Field, Key, Name ...) are no directives of httpd: they mean nothing outside of
 * their section and cannot clash with other modules. Parent only, while the configuration is read.
 */
#ifndef DSM_CONFIG_SECTION_H
#define DSM_CONFIG_SECTION_H

#include <httpd.h>
#include <http_config.h>

#define DSM_WORD_ARGS_MAX 64

#define DSM_WORD_REPEATED 1 /* may stand there more than once */
#define DSM_WORD_SECRET 2   /* what stands behind it is not shown */

/* A word of a section. set returns NULL, or the reason, which continues "WORD ARGUMENTS: ". */
typedef struct dsm_word_t {
    const char *name;
    int least; /* arguments */
    int most;
    int flags;         /* DSM_WORD_... */
    const char *usage; /* what to write */
    const char *(*set)(cmd_parms *cmd, void *target, int argc, const char *const *argv);
} dsm_word_t;

/* The one argument of a section's opening line, in cmd->pool. Returns NULL or an error for httpd.
 */
const char *dsm_section_argument_read(const char **argument, cmd_parms *cmd, const char *args);

/* The arguments of a line, in pool: at most DSM_WORD_ARGS_MAX. Returns how many; -1 for more. */
int dsm_section_line_split(const char **argv, const ap_directive_t *line, apr_pool_t *pool);

/* The first line of the section whose word is in the list, which ends with NULL; NULL for none. */
const ap_directive_t *dsm_section_line_find(const ap_directive_t *section,
                                            const char *const *words);

/* Call set for each line of the section, in order. words ends with a name of NULL. Returns NULL, or
 * an error for httpd, which then names the file and the line of the word. */
const char *dsm_section_read(cmd_parms *cmd, const char *argument, const dsm_word_t *words,
                             void *target);

#endif
