/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/run/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "hv/vdev/console.h"
#include "tools/segue/report.h"

static struct termios cooked; /* what the terminal was set to */

static void restore_terminal(void)
{
        tcsetattr(STDIN_FILENO, TCSANOW, &cooked);
}

static void restore_and_end(int number)
{
        restore_terminal();
        signal(number, SIG_DFL);
        raise(number);
}

/* Every key goes to the guests. */
static void make_raw(void)
{
        struct termios raw;

        if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &cooked) != 0) {
                return;
        }
        raw = cooked;
        cfmakeraw(&raw);
        raw.c_oflag |= OPOST;
        atexit(restore_terminal);
        signal(SIGTERM, restore_and_end);
        signal(SIGHUP, restore_and_end);
        tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

static bool write_all(int fd, const char *bytes, size_t size)
{
        while (size > 0) {
                ssize_t n = write(fd, bytes, size);

                if (n < 0 && errno != EINTR) {
                        return false;
                }
                if (n > 0) {
                        bytes += n;
                        size -= (size_t)n;
                }
        }
        return true;
}

enum typed { TYPED_PASSED, TYPED_QUIT, TYPED_END };

/* The hypervisor's own keys follow CONSOLE_KEY; 'q' behind it is ours. */
static enum typed pass_typed(const struct machine *m, bool *command)
{
        char bytes[256];
        ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));

        for (ssize_t i = 0; i < n; i++) {
                if (*command && bytes[i] == 'q') {
                        return TYPED_QUIT;
                }
                *command = !*command && bytes[i] == CONSOLE_KEY;
        }
        return n > 0 && write_all(m->to, bytes, (size_t)n) ? TYPED_PASSED : TYPED_END;
}

static bool pass_printed(const struct machine *m)
{
        char bytes[4096];
        ssize_t n = read(m->from, bytes, sizeof(bytes));

        return n > 0 && write_all(STDOUT_FILENO, bytes, (size_t)n);
}

int terminal_run(const struct machine_config *config)
{
        struct machine machine;
        bool command = false;
        enum typed typed = TYPED_PASSED;

        puts("Ctrl-] q quits; Ctrl-] 0..7 gives a guest the keyboard; Ctrl-] o shows it alone; "
             "Ctrl-] ? helps.");
        fflush(stdout);
        signal(SIGPIPE, SIG_IGN);
        machine_start(&machine, config);
        make_raw();
        while (typed != TYPED_QUIT) {
                struct pollfd fds[] = {
                        {.fd = machine.from, .events = POLLIN},
                        {.fd = typed == TYPED_END ? -1 : STDIN_FILENO, .events = POLLIN}};

                if (poll(fds, 2, -1) < 0) {
                        continue;
                }
                if (fds[0].revents != 0 && !pass_printed(&machine)) {
                        machine_end(&machine);
                        fail(SG_E_IO, "QEMU ended");
                }
                if (fds[1].revents != 0) {
                        typed = pass_typed(&machine, &command);
                }
        }
        machine_end(&machine);
        puts("");
        return 0;
}
