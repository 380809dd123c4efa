/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a package (updater/package/package.h), made in memory. */
#ifndef TOOLS_SEGUE_PACKAGE_MAKE_H
#define TOOLS_SEGUE_PACKAGE_MAKE_H

#include "tools/segue/file.h"
#include "tools/segue/system.h"
#include "updater/package/manifest.h"

/* A target with its members of the archive. */
struct part {
        struct manifest_target target;
        struct mapped payload;
        struct mapped chunks;
};

/* What all targets of a package say of it. */
struct package_identity {
        const char *id;
        const char *product;
};

/* The delta from one signed image to another. Both are checked as the device will check them. */
void part_delta(struct part *part, const struct package_identity *identity, const struct system *s,
                const struct vm_description *vm, const char *old_path, const char *new_path);
/* The whole new image, for devices whose base is damaged or unknown. */
void part_image(struct part *part, const struct package_identity *identity, const struct system *s,
                const struct vm_description *vm, const char *path);

#endif
