/* What the fuzz targets share: a target is one function, run by libFuzzer (make fuzz) or by
 * replay.c. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input. */
#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);          \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* Bytes that grow. Start with zeros; free data at the end. */
typedef struct fuzz_text_t {
    char *data;
    size_t size;
    size_t room;
} fuzz_text_t;

static inline void fuzz_text_add(fuzz_text_t *text, const void *data, size_t size)
{
    const char *bytes = data;

    if (text->size + size > text->room) {
        text->room = 2 * (text->size + size);
        text->data = realloc(text->data, text->room);
        MUST(text->data != NULL);
    }
    while (size-- > 0) {
        text->data[text->size++] = *bytes++;
    }
}

/* 1 to 16, mostly small: the sizes of pieces. */
static inline size_t fuzz_piece_pick(uint32_t *seed)
{
    *seed = *seed * 1103515245 + 12345;
    return 1 + ((*seed >> 16) % 4) * ((*seed >> 20) % 6);
}

#endif
