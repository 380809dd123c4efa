// SPDX-License-Identifier: Apache-2.0
#include "images/rt/build.h"

const char rt_version[] = "rt-2.0-silent";
const bool rt_confirms = false;

void rt_behave(void)
{
}
