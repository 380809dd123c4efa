/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/segue/paths.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "tools/segue/report.h"

char *path_of(const char *name)
{
        char self[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

        self[n > 0 ? n : 0] = '\0';
        for (int i = 0; i < 2; i++) {
                char *slash = strrchr(self, '/');

                if (slash != NULL) {
                        *slash = '\0';
                }
        }
        return format("%s/%s", self, name);
}
