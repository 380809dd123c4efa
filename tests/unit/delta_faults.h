/* SPDX-License-Identifier: Apache-2.0 */
/* A decoder step by step, whose reads and writes fail one by one. */
#ifndef TESTS_UNIT_DELTA_FAULTS_H
#define TESTS_UNIT_DELTA_FAULTS_H

#include "tests/unit/delta_rig.h"

enum port { PATCH, OLD, NEW_READ, NEW_WRITE, PORTS };

/* An error of each call of this port, of every n-th one, is told, and nothing follows it; without
 * any the new image comes out. */
void expect_errors_end_it(const struct buffer *patch, const struct buffer *from,
                          const struct buffer *to, enum port port, uint32_t every);

#endif
