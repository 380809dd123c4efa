/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/run/own.h"

#include <errno.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/segue/paths.h"
#include "tools/segue/file.h"
#include "tools/segue/output.h"
#include "tools/segue/report.h"

enum { WORDS_MAX = 24 };

/* Runs `segue` with the words up to NULL; its errors are ours. */
static void segue(const char *const words[])
{
        const char *argv[WORDS_MAX + 2] = {path_of("bin/segue")};
        int status;

        for (int i = 0; words[i] != NULL && i < WORDS_MAX; i++) {
                argv[i + 1] = words[i];
        }
        pid_t pid = fork();

        if (pid == 0) {
                execv(argv[0], (char *const *)(uintptr_t)argv);
                _exit(127);
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid) {
                fail_errno(argv[0]);
        }
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
                exit(1);
        }
}

static bool is_kept(const void *fdt, int vm, const char *guest)
{
        const char *name = fdt_getprop(fdt, vm, "vm-name", NULL);
        const char *role = fdt_getprop(fdt, vm, "role", NULL);

        return (role != NULL && strcmp(role, "update") == 0) ||
               (name != NULL && strcmp(name, guest) == 0);
}

/* A copy of the system image without the other guests. */
static void reduce_system(const char *from, const char *to, const char *guest)
{
        struct mapped file = file_map(from);
        void *fdt = memcpy(allocate(file.size, 1), file.data, file.size);
        int vms = file.size >= sizeof(struct fdt_header) && fdt_check_full(fdt, file.size) == 0
                          ? fdt_path_offset(fdt, "/vms")
                          : -1;
        int vm;

        if (vms < 0) {
                fail(SG_E_NOT_SYSTEM_IMAGE, "%s", from);
        }
        for (vm = fdt_first_subnode(fdt, vms); vm >= 0;) {
                if (is_kept(fdt, vm, guest)) {
                        vm = fdt_next_subnode(fdt, vm);
                } else if (fdt_del_node(fdt, vm) == 0) {
                        vm = fdt_first_subnode(fdt, vms);
                } else {
                        fail(SG_E_NOT_SYSTEM_IMAGE, "%s", from);
                }
        }
        fdt_pack(fdt);
        file_write(to, fdt, fdt_totalsize(fdt));
}

static void make_image(const struct own_guest *own, const char *system, const char *image)
{
        const char *words[WORDS_MAX + 1] = {
                "image",
                "create",
                "--vms",
                system,
                "--guest",
                own->guest,
                "--kernel",
                own->program,
                "--version",
                "0.0.1",
                "--security-counter",
                "1",
                "--key",
                own->key,
                "-o",
                image,
        };
        const struct {
                const char *option, *value;
        } further[] = {
                {"--ramdisk", own->ramdisk},
                {"--cmdline", own->command_line},
                {"--load-address", own->load_address},
        };
        int count = 16;

        for (size_t i = 0; i < sizeof(further) / sizeof(further[0]); i++) {
                if (further[i].value != NULL) {
                        words[count++] = further[i].option;
                        words[count++] = further[i].value;
                }
        }
        words[count] = own->raw ? "--raw" : NULL;
        segue(words);
}

void own_make(struct own_device *device, const struct own_guest *own)
{
        const char *image = format("%s/guest.img", own->folder);
        const char *filled = format("%s_a=%s", own->guest, image);

        if (mkdir(own->folder, 0777) != 0 && errno != EEXIST) {
                fail_errno(own->folder);
        }
        device->system = format("%s/system.dtb", own->folder);
        device->disk = format("%s/disk.img", own->folder);
        device->nor = format("%s/nor.img", own->folder);
        reduce_system(own->system, device->system, own->guest);
        make_image(own, device->system, image);
        segue((const char *const[]){"disk", "create", "--vms", device->system, "--put", filled,
                                    "-o", device->disk, NULL});
        segue((const char *const[]){"state", "create", "--vms", device->system, "--slot", filled,
                                    "-o", device->nor, NULL});
}
