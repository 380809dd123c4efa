/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between builds of the RT guest, chosen by the linker (images/rt/builds/): the
 * version that it reports, and how it behaves once its timer runs.
 */
#ifndef RT_BUILD_H
#define RT_BUILD_H

#include <stdbool.h>

extern const char rt_version[];

/* Called once after the start. Faulty builds never come back from here. */
void rt_behave(void);

/* Whether this build confirms its trial. */
extern const bool rt_confirms;

#endif
