/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/run/boot_state.h"

#include <stdlib.h>
#include <string.h>

#include "tools/segue/file.h"
#include "tools/segue/nor_file.h"
#include "tools/segue/report.h"

void boot_state_read(struct bf_guest *guest, const char *path, unsigned vm)
{
        struct bf_journal journal;
        struct nor_memory nor;
        struct mapped file = file_map(path);

        if (file.size != NOR_SIZE) {
                fail(SG_E_STATE_GEOMETRY, "%s: %zu bytes, not %d", path, file.size, NOR_SIZE);
        }
        uint8_t *bytes = memcpy(allocate(NOR_SIZE, 1), file.data, NOR_SIZE);

        nor_memory_open(&nor, bytes);
        must(bf_journal_scan(&journal, &nor.flash), path);

        const struct bf_guest *found = bf_journal_get(&journal, vm);

        if (found == NULL) {
                fail(SG_E_STATE_NO_GUEST, "%s: VM %u", path, vm);
        }
        *guest = *found;
        free(bytes);
}

const uint8_t *boot_state_active(const struct bf_guest *guest)
{
        uint8_t slot = bf_active(guest, 0);

        return slot < BF_SLOTS ? guest->slot[slot].digest : NULL;
}
