/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between builds of the RT guest, chosen by the linker (images/rt/builds/): the
 * version that it reports, and how it behaves once its timer runs.
 */
#ifndef RT_BUILD_H
#define RT_BUILD_H

extern const char rt_version[];

/* Called once after the start. Faulty builds never come back from here. */
void rt_behave(void);

/* What this build says to confirm the start that was given this token; NULL: nothing. */
const char *rt_confirmation(const char *token);

#endif
