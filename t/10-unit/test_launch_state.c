/* The table of states against a list written by hand: every pair of states. */
#include "ds_launch_state.h"
#include "tap.h"

static const char *const allowed[][2] = {
    {"receiving", "queued"},   {"receiving", "rejected"},   {"scheduled", "queued"},
    {"queued", "running"},     {"queued", "cancelled"},     {"scheduled", "cancelled"},
    {"running", "finished"},   {"running", "failed"},       {"running", "queued"},
    {"running", "cancelling"}, {"cancelling", "cancelled"}, {"cancelling", "finished"},
    {"cancelling", "failed"},  {"running", "rejected"},     {"cancelling", "rejected"},
};

static const char *const ends[] = {"rejected", "finished", "failed", "cancelled"};

static int in_list(const char *from, const char *to)
{
    unsigned i;

    for (i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        if (strcmp(allowed[i][0], from) == 0 && strcmp(allowed[i][1], to) == 0) {
            return 1;
        }
    }
    return 0;
}

static int is_end(const char *state)
{
    unsigned i;

    for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (strcmp(ends[i], state) == 0) {
            return 1;
        }
    }
    return 0;
}

int main(void)
{
    int from, to, seen = 0;
    char name[100];

    for (from = 0; from < DS_LAUNCH_STATES; from++) {
        const char *from_name = ds_launch_state_name((ds_launch_state_e)from);
        ds_launch_state_e found = DS_LAUNCH_STATES;

        snprintf(name, sizeof(name), "%s is found by its name", from_name);
        tap_ok(ds_launch_state_find(&found, from_name) && (int)found == from, name);
        snprintf(name, sizeof(name), "%s is %s", from_name,
                 is_end(from_name) ? "an end" : "no end");
        tap_ok(!ds_launch_state_is_end((ds_launch_state_e)from) == !is_end(from_name), name);
        for (to = 0; to < DS_LAUNCH_STATES; to++) {
            const char *to_name = ds_launch_state_name((ds_launch_state_e)to);
            int wanted = in_list(from_name, to_name);

            seen += wanted;
            snprintf(name, sizeof(name), "from %s %s to %s", from_name,
                     wanted ? "it may go" : "nothing goes", to_name);
            tap_ok(!ds_launch_state_allows((ds_launch_state_e)from, (ds_launch_state_e)to) ==
                       !wanted,
                   name);
        }
    }
    tap_is_number(seen, sizeof(allowed) / sizeof(allowed[0]), "all names of the list exist");
    return tap_end();
}
