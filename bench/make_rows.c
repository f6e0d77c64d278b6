/* Writes a CSV file of customers to standard output: the same bytes for the same arguments.
 *
 *   make_rows [ROWS [SEED [FIRST [sorted|shuffled [STEP]]]]]
 *
 * Ten columns, about 114 bytes a row; a quarter of the names is quoted because of a comma, an
 * eighth of the notes holds doubled quotes, one in 64 a line break. The keys are FIRST, FIRST +
 * STEP and so on; shuffled, the rows stand in any order. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

/* xorshift64*: good enough to make rows differ, and the same everywhere. */
static unsigned number_below(unsigned limit)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (unsigned)((state * 0x2545F4914F6CDD1DULL) >> 33) % limit;
}

static const char *word_pick(void)
{
    static const char *const words[] = {"amber", "birch",  "cobalt", "delta",   "ember", "fjord",
                                        "grove", "harbor", "indigo", "juniper", "kelp",  "larch",
                                        "maple", "nimbus", "orchid", "pebble"};

    return words[number_below(sizeof(words) / sizeof(words[0]))];
}

static void name_write(void)
{
    if (number_below(4) == 0) {
        printf("\"%s, %s\",", word_pick(), word_pick());
    }
    else {
        printf("%s %s,", word_pick(), word_pick());
    }
}

static void note_write(void)
{
    unsigned kind = number_below(64);

    if (kind == 0) {
        printf("\"%s\n%s\"\n", word_pick(), word_pick());
    }
    else if (kind <= 8) {
        printf("\"the \"\"%s\"\" %s\"\n", word_pick(), word_pick());
    }
    else {
        printf("%s %s %s\n", word_pick(), word_pick(), word_pick());
    }
}

static void row_write(long row)
{
    printf("C%09ld,", row);
    name_write();
    printf("%s.%ld@example.com,", word_pick(), row);
    printf("+598%08u,", number_below(100000000));
    printf("%s,%s,", word_pick(), number_below(2) ? "true" : "false");
    printf("20%02u-%02u-%02u,", number_below(26), 1 + number_below(12), 1 + number_below(28));
    printf("%u.%02u,", number_below(100000), number_below(100));
    printf("%u,", number_below(1000));
    note_write();
}

/* The keys in a random order (Fisher and Yates), or NULL. */
static uint32_t *keys_shuffle(long rows)
{
    uint32_t *keys = malloc(sizeof(*keys) * (size_t)rows), kept;
    long i, other;

    for (i = 0; keys && i < rows; i++) {
        keys[i] = (uint32_t)i;
    }
    for (i = rows - 1; keys && i > 0; i--) {
        other = number_below((unsigned)i + 1);
        kept = keys[i];
        keys[i] = keys[other];
        keys[other] = kept;
    }
    return keys;
}

int main(int argc, char **argv)
{
    long rows = argc > 1 ? atol(argv[1]) : 1000000, first = argc > 3 ? atol(argv[3]) : 1, row;
    long step = argc > 5 ? atol(argv[5]) : 1;
    uint32_t *keys = NULL;

    state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    state = state * 0x9E3779B97F4A7C15ULL + 1;
    if (argc > 4 && !strcmp(argv[4], "shuffled") && !(keys = keys_shuffle(rows))) {
        return 1;
    }
    puts("customer,name,email,phone,city,active,since,balance,points,note");
    for (row = 0; row < rows; row++) {
        row_write(first + step * (keys ? (long)keys[row] : row));
    }
    free(keys);
    return ferror(stdout) || fflush(stdout) != 0;
}
