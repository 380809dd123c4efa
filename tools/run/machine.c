/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/run/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/segue/report.h"

#define QEMU "qemu-system-aarch64"

enum { ARGUMENTS_MAX = 128 };

struct arguments {
        const char *word[ARGUMENTS_MAX + 1];
        int count;
};

static void add(struct arguments *a, const char *word)
{
        if (a->count == ARGUMENTS_MAX) {
                fail(SG_E_TOO_LARGE, "more than %d arguments for QEMU", ARGUMENTS_MAX);
        }
        a->word[a->count++] = word;
}

static void add_pair(struct arguments *a, const char *option, const char *value)
{
        add(a, option);
        add(a, value);
}

/*
 * A timer of QEMU's own, every millisecond. QEMU 7.2 writes a pflash bank from the thread of the
 * core that does so, and when that thread clears the main loop's event meanwhile, timers set just
 * then are not seen until the loop's next turn: all cores would stand still for seconds.
 */
static void add_pulse(struct arguments *a)
{
        add_pair(a, "-netdev", "hubport,id=pulse-peer,hubid=0");
        add_pair(a, "-netdev", "hubport,id=pulse,hubid=1,netdev=pulse-peer");
        add_pair(a, "-object", "filter-buffer,id=pulse-timer,netdev=pulse,queue=rx,interval=1000");
}

static void build_arguments(struct arguments *a, const struct machine_config *c)
{
        add(a, QEMU);
        add_pair(a, "-M", "virt,virtualization=on,gic-version=3,iommu=smmuv3");
        add_pair(a, "-cpu", c->cpu);
        add_pair(a, "-smp", format("%u", c->cpus));
        add_pair(a, "-m", c->memory);
        add(a, "-nodefaults");
        add_pair(a, "-display", "none");
        add_pair(a, "-serial", "stdio");
        add_pair(a, "-kernel", c->hypervisor);
        add_pair(a, "-initrd", c->system);
        add_pair(a, "-drive", format("if=pflash,unit=1,format=raw,file=%s", c->nor));
        add_pair(a, "-drive",
                 format("if=none,id=disk,format=raw,cache=writeback,file=%s", c->disk));
        add_pair(a, "-device", "virtio-blk-pci,drive=disk,iommu_platform=on,disable-legacy=on");
        add_pulse(a);
        if (c->guest_errors != NULL) {
                add_pair(a, "-d", "guest_errors");
                add_pair(a, "-D", c->guest_errors);
        }
        for (int i = 0; i < c->extra_count; i++) {
                add(a, c->extra[i]);
        }
        a->word[a->count] = NULL;
}

static _Noreturn void become_qemu(const struct arguments *a, const int in[2], const int out[2])
{
        /* A group of its own keeps the terminal's Ctrl-C from it: that is for the guests. */
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        execvp(QEMU, (char *const *)(uintptr_t)a->word);
        dprintf(STDERR_FILENO, "%s: %s\n", QEMU, strerror(errno));
        _exit(127);
}

void machine_start(struct machine *m, const struct machine_config *config)
{
        struct arguments arguments = {0};
        int in[2], out[2];

        build_arguments(&arguments, config);
        if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) {
                fail_errno("pipe");
        }
        m->pid = fork();
        if (m->pid < 0) {
                fail_errno("fork");
        }
        if (m->pid == 0) {
                become_qemu(&arguments, in, out);
        }
        close(in[0]);
        close(out[1]);
        m->to = in[1];
        m->from = out[0];
}

void machine_end(struct machine *m)
{
        if (m->pid > 0) {
                kill(m->pid, SIGKILL);
                waitpid(m->pid, NULL, 0);
                m->pid = 0;
        }
}
