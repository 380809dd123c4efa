/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/mutants/condition.h"

#include <stdlib.h>
#include <string.h>

/* The linker's: all places of the program. NOLINTBEGIN(bugprone-reserved-identifier) */
extern struct condition_place __start_conditions[], __stop_conditions[];
/* NOLINTEND(bugprone-reserved-identifier) */

static uint8_t *recorded;

bool condition_value(const struct condition_place *place, bool value)
{
        if (recorded != NULL) {
                recorded[place - __start_conditions] |= (uint8_t)(1u << value);
        }
        return place->forced >= 0 ? place->forced != 0 : value;
}

size_t condition_count(void)
{
        return (size_t)(__stop_conditions - __start_conditions);
}

const char *condition_name(size_t place)
{
        return __start_conditions[place].where;
}

void condition_force(size_t place, bool value)
{
        __start_conditions[place].forced = value;
}

void condition_record(uint8_t *seen)
{
        recorded = seen;
}

__attribute__((constructor)) static void force_by_environment(void)
{
        const char *mutant = getenv("MUTANT");
        size_t n = mutant != NULL ? strlen(mutant) : 0;

        for (size_t i = 0; i < condition_count() && n > 2; i++) {
                const char *where = condition_name(i);
                if (strlen(where) == n - 2 && strncmp(where, mutant, n - 2) == 0) {
                        condition_force(i, mutant[n - 1] == '1');
                }
        }
}
