/* SPDX-License-Identifier: Apache-2.0 */
/* What picolibc and Debian's libraries expect of the program around them. */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "updater/el1/fault.h"

/* Debian's libfdt and zlib are built with stack protection. The guard has a zero byte, so that no
 * string copy writes it back. */
extern uintptr_t __stack_chk_guard;
uintptr_t __stack_chk_guard = UINT64_C(0x5e67ad3c00b1f29d);

_Noreturn void __stack_chk_fail(void);
_Noreturn void __stack_chk_fail(void)
{
        panic("a stack frame was overwritten");
}

_Noreturn void abort(void)
{
        panic("a library gave up");
}

_Noreturn void _exit(int status)
{
        panic("a library wanted to exit with %d", status);
}
