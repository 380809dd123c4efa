/* SPDX-License-Identifier: Apache-2.0 */
/* The system image (images/system.dts, compiled) as the tools need it: guests, keys, sizes. */
#ifndef TOOLS_SEGUE_SYSTEM_H
#define TOOLS_SEGUE_SYSTEM_H

#include <stdint.h>

#include "hv/vm/description.h"
#include "tools/segue/command.h"

struct system {
        const char *path;
        struct system_description description; /* points into the mapped file */
        /* Of the disk's partitions, in bytes: hv_a and hv_b, inbox, journal. */
        uint64_t hypervisor_size, inbox_size, journal_size;
        uint64_t data_size[VM_MAX]; /* of <guest>_data, as description.vm[]; 0: it has none */
};

/* The option of every command that needs a system image. */
#define VMS_OPTION                                                                           \
        {                                                                                    \
                "vms", "DTB", "the system image (default: the project's, build/system.dtb)", \
                        OPTION_OPTIONAL                                                      \
        }

/* Reads the one that --vms names, or the project's own. Errors name node and property. */
void system_load(struct system *s, const struct args *args);
void system_load_file(struct system *s, const char *path);
/* A VM with slots; ends the program when there is none of this name. */
const struct vm_description *system_guest(const struct system *s, const char *name);
/* Has it slots? Any VM but update. */
bool system_has_slots(const struct vm_description *vm);

#endif
