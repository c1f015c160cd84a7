/* fuzz.h - what a fuzz target is: one function that takes any bytes and must come back.
 *
 * With --enable-fuzzers (clang) libFuzzer is the main program.  Without, driver.c is: it feeds the
 * corpus in testsuite/data/fuzz/<target>/ and mutations of it, so that make check runs every target.
 */
#ifndef BRAMBLE_FUZZ_H
#define BRAMBLE_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the code under test tells the user goes nowhere from now on; fuzz_say() is still heard. */
void fuzz_quiet(void);
void fuzz_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A condition that must hold whatever came in. */
#define FUZZ_ASSERT(condition)                                                                 \
    do {                                                                                       \
        if (!(condition)) {                                                                    \
            fuzz_say("%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);             \
            abort();                                                                           \
        }                                                                                      \
    } while (0)

/* The bytes as a text: NUL-terminated, malloc()ed. */
char *fuzz_text(const uint8_t *data, size_t size);

#endif
