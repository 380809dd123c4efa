/* SPDX-License-Identifier: Apache-2.0 */
/* The update partition's first instructions; x0 = the devicetree. */
#include <segue/el1_entry.inc>

        .section .text.start, "ax"
        .global _start
_start:
        el1_entry el1_start, lost
lost:   b       .
