/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forged packages, one per row: each is refused with its number, and whatever it is, the slot that
 * runs, hv's boot state and the other guest are byte for byte what they were. Rows named `signed:`
 * are such as only a holder of the package key, or a fault in its tools, could make.
 */
#ifndef TESTS_FORGERY_H
#define TESTS_FORGERY_H

#include "tests/unit/engine_fixture.h"

#define FORGERY_LIST_MAX 1024u
#define FORGERY_NAME_MAX 160u

/* How far a forgery may come. */
enum end {
        STAGED,  /* as far as a good one: a control */
        REFUSED, /* the package as a whole is refused, and no slot opened */
        FAILED,  /* it was accepted, one of its targets is refused, and no slot opened */
        OPENED,  /* the inactive slot was written, and is not bootable */
};

struct forgery {
        const char *what;
        sg_err error;
        enum end end;
        bool is_image;             /* the payload is a whole image, not a delta */
        void (*signed_part)(void); /* changes `payload` before it is signed */
        void (*text)(void);        /* changes `root` and `targets` afterwards */
        void (*archive)(void);     /* changes the inbox */
};

/* What the package at work is made of. */
extern struct maker_payload payload;
extern struct maker_text root, targets;

/* A change in one line. */
#define CHANGE(name, change)   \
        static void name(void) \
        {                      \
                change;        \
        }

/* A new device; what must not change is remembered. */
void forgery_renew(void);
void forgery_remember(void);
/* The device on which nothing changed once more: its journal is blank. */
void forgery_again(void);
/* Puts it into the inbox. */
void forgery_assemble(const struct forgery *f);
/* All of it: a new device, the forgery, its end, and what must be as before. */
void forgery_judge(const struct forgery *rows, size_t count);
#define JUDGE(rows) forgery_judge(rows, sizeof(rows) / sizeof((rows)[0]))

/* The guests run on; only an opened slot may have been written, and is not bootable. */
void forgery_expect_unchanged(bool opened);
/* It was refused with whatever number, and nothing changed. */
void forgery_expect_refusal(const char *what, size_t at);
/* The log holds these words, whole. */
bool forgery_logged(const char *text);

/* Of the inbox: a member of the target, "" or ".chunks". */
uint8_t *forgery_member(const char *suffix);
void forgery_set_size(const char *suffix, size_t size);

#endif
