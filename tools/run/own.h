/* SPDX-License-Identifier: Apache-2.0 */
/* A device around one guest that a person brings: a kernel or a raw program. */
#ifndef TOOLS_RUN_OWN_H
#define TOOLS_RUN_OWN_H

#include <stdbool.h>

struct own_guest {
        const char *guest;   /* whose place it takes in the system image */
        const char *program; /* a kernel, or another program */
        bool raw;
        const char *load_address; /* of a raw program; NULL: the default */
        const char *ramdisk;      /* NULL: none */
        const char *command_line; /* NULL: none */
        const char *key;          /* signs the image */
        const char *system;       /* the system image to start from */
        const char *folder;       /* where everything is made */
};

/* Paths in the folder. */
struct own_device {
        char *system; /* as the given one, but with no VM besides update and the guest */
        char *disk;
        char *nor;
};

/* Makes everything with `segue`, which says what is wrong and ends this program. */
void own_make(struct own_device *device, const struct own_guest *own);

#endif
