/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `segue-run`: boots Segue in QEMU. With a disk and a NOR bank that exist; around a kernel or a
 * program that a person brings (--kernel); or to watch and judge an update (--scenario).
 */
#include <string.h>

#include "tools/run/machine.h"
#include "tools/run/own.h"
#include "tools/run/scenario.h"
#include "tools/run/terminal.h"
#include "tools/segue/command.h"
#include "tools/segue/paths.h"
#include "tools/segue/report.h"
#include "tools/segue/system.h"

static const char *arg_or(const struct args *args, const char *name, const char *otherwise)
{
        const char *value = arg(args, name);

        return value != NULL ? value : otherwise;
}

static uint32_t cpus_of(const struct system_description *d)
{
        uint32_t cpus = 0;

        for (unsigned i = 0; i < d->vm_count; i++) {
                cpus += d->vm[i].cpus;
        }
        return cpus;
}

/* --kernel and what belongs to it; the device that is made of them. */
static void make_own(struct machine_config *machine, const struct args *args)
{
        struct own_device device;
        const struct own_guest own = {
                .guest = arg_or(args, "guest", "personal"),
                .program = arg(args, "kernel"),
                .raw = arg_flag(args, "raw"),
                .load_address = arg(args, "load-address"),
                .ramdisk = arg(args, "ramdisk"),
                .command_line = arg(args, "cmdline"),
                .key = arg_or(args, "key", path_of("keys/image.pem")),
                .system = arg_or(args, "vms", path_of("system.dtb")),
                .folder = arg_or(args, "folder", path_of("own")),
        };

        own_make(&device, &own);
        machine->system = device.system;
        machine->disk = device.disk;
        machine->nor = device.nor;
}

static const char *needed(const struct args *args, const char *option)
{
        const char *value = arg(args, option);

        if (value == NULL) {
                fail(SG_E_USAGE, "it needs --%s, or --kernel alone (try: segue-run --help)",
                     option);
        }
        return value;
}

static int watch_scenario(const struct machine_config *machine, const struct system *system,
                          const struct args *args)
{
        const struct scenario_run run = {
                .scenario = scenario_find(arg(args, "scenario")),
                .system = &system->description,
                .machine = machine,
                .target = arg_or(args, "guest", "personal"),
                .image = needed(args, "image"),
                .package = needed(args, "package"),
                .folder = needed(args, "folder"),
                .time_limit = (uint32_t)arg_number(args, "time-limit", 540, 86400),
        };

        return scenario_run(&run);
}

static int run(const struct args *args)
{
        struct system system;
        struct machine_config machine = {
                .hypervisor = arg_or(args, "hypervisor", path_of("hv/hv.bin")),
                .cpu = arg_or(args, "cpu", "cortex-a57"),
                .memory = arg_or(args, "memory", "2G"),
                .extra_count = args->operand_count,
                .extra = args->operands,
        };

        if (arg(args, "kernel") != NULL) {
                make_own(&machine, args);
        } else {
                machine.disk = needed(args, "disk");
                machine.nor = needed(args, "nor");
                machine.system = arg_or(args, "vms", path_of("system.dtb"));
        }
        system_load_file(&system, machine.system);
        machine.cpus = (uint32_t)arg_number(args, "smp", cpus_of(&system.description), 64);
        return arg(args, "scenario") != NULL ? watch_scenario(&machine, &system, args)
                                             : terminal_run(&machine);
}

static const struct option_spec options[] = {
        {"disk", "F", "the disk image", OPTION_OPTIONAL},
        {"nor", "F", "the NOR bank's file", OPTION_OPTIONAL},
        {"kernel", "F", "make a device around this kernel instead", OPTION_OPTIONAL},
        {"raw", NULL, "it is no Linux kernel, but another program", OPTION_OPTIONAL},
        {"load-address", "A", "where a raw program runs", OPTION_OPTIONAL},
        {"ramdisk", "F", "the kernel's initramfs", OPTION_OPTIONAL},
        {"cmdline", "S", "the kernel's command line", OPTION_OPTIONAL},
        {"guest", "G", "whose place it takes, or who is updated (default: personal)",
         OPTION_OPTIONAL},
        {"key", "K", "signs the image (default: the development key)", OPTION_OPTIONAL},
        {"folder", "DIR", "where files are made (default for --kernel: build/own)",
         OPTION_OPTIONAL},
        {"vms", "DTB", "the system image (default: the project's, build/system.dtb)",
         OPTION_OPTIONAL},
        {"hypervisor", "F", "default: the project's, build/hv/hv.bin", OPTION_OPTIONAL},
        {"cpu", "X", "QEMU's -cpu (default: cortex-a57)", OPTION_OPTIONAL},
        {"smp", "N", "how many (default: as many as the VMs have)", OPTION_OPTIONAL},
        {"memory", "M", "QEMU's -m (default: 2G)", OPTION_OPTIONAL},
        {"scenario", "S", "watch and judge an update: good, panic, hang, silent, ...",
         OPTION_OPTIONAL},
        {"image", "F", "the scenario's new image", OPTION_OPTIONAL},
        {"package", "F", "what is in the inbox", OPTION_OPTIONAL},
        {"time-limit", "SECONDS", "of a scenario (default: 540)", OPTION_OPTIONAL},
        {0},
};

int main(int argc, char **argv)
{
        static const struct command command = {
                .name = "segue-run",
                .summary =
                        "Boots Segue in QEMU, on a disk and a NOR bank (--disk, --nor) or around\n"
                        "a kernel or program of your own (--kernel). What follows -- is for QEMU.",
                .operands = "[-- QEMU-ARGUMENT...]",
                .operands_max = 64,
                .options = options,
                .run = run,
        };
        struct args args;

        args_parse(&args, "segue-run", &command, argc - 1, argv + 1);
        return command.run(&args);
}
