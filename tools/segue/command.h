/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command of `segue`: its place in the table, its options and what it does. Every group lists its
 * commands in one table in its own file; main.c lists the groups.
 *
 * Exit statuses: 0 done, 1 it could not be done or what was checked is not good, 2 wrong usage.
 */
#ifndef TOOLS_SEGUE_COMMAND_H
#define TOOLS_SEGUE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
        OPTION_OPTIONAL,
        OPTION_REQUIRED,
        OPTION_REPEATED, /* at least once */
};

struct option_spec {
        const char *name; /* "kernel" is --kernel; a one-letter name is -o; NULL ends the table */
        const char *argument; /* what follows it, for the help; NULL: a flag */
        const char *help;
        enum option_kind kind;
};

struct command;

/* A command line that fits its command's specification. */
struct args {
        const struct command *command;
        int count;    /* of words[] */
        char **words; /* options and operands, sorted out by args_parse */
        int operand_count;
        const char **operands;
};

struct command {
        const char *name;
        const char *summary;
        const char *operands; /* for the help, such as "FILE"; NULL: there are none */
        int operands_min, operands_max;
        const struct option_spec *options;
        int (*run)(const struct args *args); /* returns the exit status */
};

struct command_group {
        const char *name;
        const char *summary;
        const struct command *commands; /* ended by a NULL name */
};

extern const struct command_group key_group, root_group, image_group, delta_group, package_group,
        disk_group, state_group;

/* Checks words[] (without program, group and command) against the command. Ends the program with
 * status 2 where they do not fit, with 0 after printing the help that was asked for. `title` is
 * what was typed so far, such as "segue image create". */
void args_parse(struct args *args, const char *title, const struct command *command, int count,
                char **words);

/* Whether a word is --help or -h. */
bool args_ask_help(const char *word);

/* The option's argument; NULL when it was not given. The last one given counts. */
const char *arg(const struct args *args, const char *name);
/* The index-th argument of a repeated option, from 0; NULL past the last. */
const char *arg_at(const struct args *args, const char *name, int index);
bool arg_flag(const struct args *args, const char *name);
/* A number (decimal, 0x..., with K, M or G behind it), or `otherwise` when it was not given. Larger
 * than max: wrong usage. */
uint64_t arg_number(const struct args *args, const char *name, uint64_t otherwise, uint64_t max);

/* Wrong usage, and why, when one of these options was given; NULL ends the names. */
void args_refuse(const struct args *args, const char *const names[], const char *why);

#endif
