// SPDX-License-Identifier: Apache-2.0
/* What picolibc and Debian's libfdt (built with stack protection) expect of the program around
 * them. None of it happens in a bootfw that works: an undefined instruction reports it. */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

extern uintptr_t __stack_chk_guard;
/* A zero byte in it: no string copy writes it back. */
uintptr_t __stack_chk_guard = UINT64_C(0x91c4e8005d2fa637);

_Noreturn void __stack_chk_fail(void);
_Noreturn void __stack_chk_fail(void)
{
        __builtin_trap();
}

_Noreturn void abort(void)
{
        __builtin_trap();
}

_Noreturn void _exit(int status)
{
        (void)status;
        __builtin_trap();
}
