/* Tests that print TAP: count, compare, and say at the end how many there were. */
#ifndef TAP_H
#define TAP_H

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int tap_count;
static int tap_failed;

static inline int tap_ok(int good, const char *name)
{
    tap_count++;
    tap_failed += !good;
    printf("%sok %d - %s\n", good ? "" : "not ", tap_count, name);
    return good;
}

static inline void tap_is_text(const char *got, const char *wanted, const char *name)
{
    int same = got == NULL || wanted == NULL ? got == wanted : strcmp(got, wanted) == 0;

    if (!tap_ok(same, name)) {
        printf("#      got: %s\n#   wanted: %s\n", got ? got : "NULL", wanted ? wanted : "NULL");
    }
}

static inline void tap_is_number(int64_t got, int64_t wanted, const char *name)
{
    if (!tap_ok(got == wanted, name)) {
        printf("#      got: %" PRId64 "\n#   wanted: %" PRId64 "\n", got, wanted);
    }
}

/* What main returns. */
static inline int tap_end(void)
{
    printf("1..%d\n", tap_count);
    return tap_failed > 0;
}

#endif
