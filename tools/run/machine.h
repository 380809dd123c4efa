/* SPDX-License-Identifier: Apache-2.0 */
/* One QEMU that runs Segue, with its serial line on two pipes. It ends when this program does. */
#ifndef TOOLS_RUN_MACHINE_H
#define TOOLS_RUN_MACHINE_H

#include <stdint.h>
#include <sys/types.h>

struct machine_config {
        const char *hypervisor; /* hv.bin */
        const char *system;     /* the compiled system image */
        const char *disk;
        const char *nor;
        const char *cpu; /* QEMU's -cpu */
        uint32_t cpus;
        const char *memory;       /* QEMU's -m */
        const char *guest_errors; /* where QEMU logs what software did wrong; NULL: nowhere */
        int extra_count;          /* further arguments for QEMU */
        const char *const *extra;
};

struct machine {
        pid_t pid;
        int to, from; /* the serial line: written to, read from */
};

void machine_start(struct machine *m, const struct machine_config *config);
/* Power off: at once, as a battery that is pulled. Repeatable. */
void machine_end(struct machine *m);

#endif
