// SPDX-License-Identifier: Apache-2.0
#include "images/rt/build.h"

const char rt_version[] = "rt-1.2";
const bool rt_confirms = true;

void rt_behave(void)
{
}
