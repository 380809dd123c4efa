/* SPDX-License-Identifier: Apache-2.0 */
/* The loads of all guests: which is due, and what is said about it on the console. */
#ifndef UPDATER_EL1_LOADS_H
#define UPDATER_EL1_LOADS_H

#include <stdbool.h>
#include <stdint.h>

#include "updater/el1/guests.h"

/* SG_EV_LOAD_WANTED. */
void loads_want(struct guest *guest);

/* At our start, and when events were lost: asks hv what each guest waits for. */
void loads_ask(struct guests *guests);

/* A piece of the first load that is under way, in the order of the VM description; false when there
 * is none. */
bool loads_step(struct guests *guests);

#endif
