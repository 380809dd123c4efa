/* SPDX-License-Identifier: Apache-2.0 */
/* TUF metadata under test: what is pinned, what it lets through, keys of our own, and metadata that
 * is edited before it is signed. */
#ifndef TESTS_UNIT_TUF_RIG_H
#define TESTS_UNIT_TUF_RIG_H

#include "tests/unit/package_maker.h"
#include "updater/package/canonical.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DIGITS_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

extern jsmntok_t tokens[TUF_TOKENS_MAX];
extern const struct tuf_context context; /* without a clock */
extern struct tuf_root root;
extern struct tuf_targets targets;

/* a and b for root, c and d for targets; once per program. */
extern struct maker_key key_a, key_b, key_c, key_d;
int make_keys(void **state);
int free_keys(void **state);
/* Of one key: a, c. */
extern const struct maker_role root_role, targets_role;

/* A first root, the next one, targets: as they come back. */
sg_err pin(const struct maker_text *t);
sg_err update(const struct maker_text *t);
sg_err verify(const struct maker_text *t);

/* Version 1 of a root of our own, with these two roles, is pinned. */
void pin_own(void);

/* A signed document whose first text `from` was replaced by `to` before it was signed. */
void sign_edited(struct maker_text *out, const struct maker_text *in, const char *from,
                 const char *to, const struct maker_role *signers);

#endif
