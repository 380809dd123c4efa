/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/mutants/condition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

/* The linker's: all places of the program. NOLINTBEGIN(bugprone-reserved-identifier) */
extern struct condition_place __start_conditions[], __stop_conditions[];
/* NOLINTEND(bugprone-reserved-identifier) */

static uint8_t *seen; /* bit v: the condition had that value; shared with forked processes */
static size_t places;

bool condition_value(const struct condition_place *place, bool value)
{
        if (seen != NULL) {
                seen[place - __start_conditions] |= (uint8_t)(1u << value);
        }
        return place->forced >= 0 ? place->forced != 0 : value;
}

static void force(const char *mutant)
{
        size_t n = strlen(mutant);

        for (size_t i = 0; i < places && n > 2; i++) {
                struct condition_place *p = &__start_conditions[i];
                if (strlen(p->where) == n - 2 && strncmp(p->where, mutant, n - 2) == 0) {
                        p->forced = mutant[n - 1] == '1';
                }
        }
}

__attribute__((constructor)) static void begin(void)
{
        const char *mutant = getenv("MUTANT");

        places = (size_t)(__stop_conditions - __start_conditions);
        if (mutant != NULL) {
                force(mutant);
        }
        if (getenv("QUICK") != NULL) {
                cmocka_set_skip_filter("survives_*");
        }
        if (getenv("REACHED") == NULL) {
                return;
        }
        seen = mmap(NULL, places, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (seen == MAP_FAILED) {
                abort();
        }
}

__attribute__((destructor)) static void end(void)
{
        const char *name = getenv("REACHED");
        FILE *f = seen != NULL ? fopen(name, "a") : NULL;

        for (size_t i = 0; f != NULL && i < places; i++) {
                fprintf(f, "%u %s\n", seen[i], __start_conditions[i].where);
        }
        if (f != NULL) {
                fclose(f);
        }
}
