/* SPDX-License-Identifier: Apache-2.0 */
/* `segue`: keys, images, deltas, packages, disks and boot states, on the host. */
#include <stdio.h>
#include <string.h>

#include "tools/segue/command.h"
#include "tools/segue/output.h"
#include "tools/segue/report.h"

static const struct command_group *const groups[] = {
        &key_group,     &root_group, &image_group, &delta_group,
        &package_group, &disk_group, &state_group,
};

enum { GROUPS = sizeof(groups) / sizeof(groups[0]) };

static void group_help(const struct command_group *group)
{
        for (const struct command *c = group->commands; c->name != NULL; c++) {
                int width = printf("  %s %s", group->name, c->name);

                printf("%*s%s\n", width < 20 ? 20 - width : 1, "", c->summary);
        }
}

static int help(void)
{
        puts("usage: segue GROUP COMMAND [OPTION...]\n");
        for (int i = 0; i < GROUPS; i++) {
                printf("%s\n", groups[i]->summary);
                group_help(groups[i]);
        }
        puts("\n'segue GROUP COMMAND --help' says more. Exit status: 0 done, 1 failed, 2 wrong "
             "usage.");
        return 0;
}

static const struct command_group *find_group(const char *name)
{
        for (int i = 0; i < GROUPS; i++) {
                if (strcmp(groups[i]->name, name) == 0) {
                        return groups[i];
                }
        }
        fail(SG_E_USAGE, "there is no group '%s' (try: segue --help)", name);
}

static const struct command *find_command(const struct command_group *group, const char *name)
{
        for (const struct command *c = group->commands; c->name != NULL; c++) {
                if (strcmp(c->name, name) == 0) {
                        return c;
                }
        }
        fail(SG_E_USAGE, "there is no command '%s %s' (try: segue %s --help)", group->name, name,
             group->name);
}

int main(int argc, char **argv)
{
        if (argc < 2) {
                fail(SG_E_USAGE, "no command given (try: segue --help)");
        }
        if (args_ask_help(argv[1])) {
                return help();
        }
        const struct command_group *group = find_group(argv[1]);

        if (argc < 3) {
                fail(SG_E_USAGE, "no command given (try: segue %s --help)", group->name);
        }
        if (args_ask_help(argv[2])) {
                printf("usage: segue %s COMMAND [OPTION...]\n\n%s\n", group->name, group->summary);
                group_help(group);
                return 0;
        }
        const struct command *command = find_command(group, argv[2]);
        struct args args;
        char title[64];

        snprintf(title, sizeof(title), "segue %s %s", group->name, command->name);
        args_parse(&args, title, command, argc - 3, argv + 3);
        if (arg(&args, "o") != NULL) {
                output_check(arg(&args, "o")); /* before any work */
        }
        return command->run(&args);
}
