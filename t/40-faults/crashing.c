/* A fault of a runner, for t/40-faults/crash.t: preloaded, it ends a runner by a signal as soon as
 * a row with the word POISON is about to be stored. */
#include <dlfcn.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

typedef int bind_text_cb(void *statement, int place, const char *text, int size,
                         void (*destroy)(void *));

int sqlite3_bind_text(void *statement, int place, const char *text, int size,
                      void (*destroy)(void *));

static int is_runner(void)
{
    char name[16] = "";

    prctl(PR_GET_NAME, name);
    return !strncmp(name, "datasync-run", strlen("datasync-run"));
}

int sqlite3_bind_text(void *statement, int place, const char *text, int size,
                      void (*destroy)(void *))
{
    bind_text_cb *original = (bind_text_cb *)dlsym(RTLD_NEXT, "sqlite3_bind_text");

    if (text && size > 5 && memmem(text, (size_t)size, "POISON", 6) && is_runner())
        raise(SIGSEGV);
    return original(statement, place, text, size, destroy);
}
