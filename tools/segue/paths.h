/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOOLS_SEGUE_PATHS_H
#define TOOLS_SEGUE_PATHS_H

/* A file of the build this program belongs to: build/bin/segue-run and "hv/hv.bin" give
 * build/hv/hv.bin, wherever the tree stands. */
char *path_of(const char *name);

#endif
