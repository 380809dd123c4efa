/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/segue/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/segue/report.h"

static const struct option_spec *find_option(const struct command *command, const char *word)
{
        bool is_long = word[0] == '-' && word[1] == '-';
        const char *name = word + (is_long ? 2 : 1);
        size_t length = strcspn(name, "=");

        if (word[0] != '-' || length == 0) {
                return NULL;
        }
        for (const struct option_spec *o = command->options; o != NULL && o->name != NULL; o++) {
                if (strlen(o->name) == length && strncmp(o->name, name, length) == 0 &&
                    is_long == (length > 1)) {
                        return o;
                }
        }
        return NULL;
}

static bool is_option(const char *word)
{
        return word[0] == '-' && word[1] != '\0';
}

/* The argument of the option at words[*at]; moves *at on when it is a word of its own. */
static const char *option_argument(const struct args *args, int *at)
{
        const char *equals = strchr(args->words[*at], '=');

        if (equals != NULL) {
                return equals + 1;
        }
        if (*at + 1 >= args->count) {
                return NULL;
        }
        return args->words[++*at];
}

const char *arg_at(const struct args *args, const char *name, int index)
{
        for (int i = 0; i < args->count && strcmp(args->words[i], "--") != 0; i++) {
                const struct option_spec *o = find_option(args->command, args->words[i]);

                if (o == NULL) {
                        continue;
                }
                const char *value = o->argument == NULL ? o->name : option_argument(args, &i);

                if (strcmp(o->name, name) == 0 && index-- == 0) {
                        return value;
                }
        }
        return NULL;
}

const char *arg(const struct args *args, const char *name)
{
        const char *last = NULL;

        for (int i = 0;; i++) {
                const char *value = arg_at(args, name, i);

                if (value == NULL) {
                        return last;
                }
                last = value;
        }
}

bool arg_flag(const struct args *args, const char *name)
{
        return arg(args, name) != NULL;
}

static uint64_t number_from_text(const char *text, uint64_t max, const char *where)
{
        static const char units[] = "KMG";
        char *end;

        errno = 0;
        unsigned long long value = strtoull(text, &end, 0);
        const char *unit = *end == '\0' ? NULL : strchr(units, *end);
        unsigned shift = unit == NULL ? 0 : 10 * (unsigned)(unit - units + 1);

        if (end == text || *text == '-' || errno != 0 || (unit != NULL ? end[1] : *end) != '\0' ||
            value > max >> shift) {
                fail(SG_E_USAGE, "%s: '%s' is not a number from 0 to %llu", where, text,
                     (unsigned long long)max);
        }
        return (uint64_t)value << shift;
}

uint64_t arg_number(const struct args *args, const char *name, uint64_t otherwise, uint64_t max)
{
        const char *text = arg(args, name);
        char where[64];

        if (text == NULL) {
                return otherwise;
        }
        snprintf(where, sizeof(where), "--%s", name);
        return number_from_text(text, max, where);
}

void args_refuse(const struct args *args, const char *const names[], const char *why)
{
        for (; *names != NULL; names++) {
                if (arg(args, *names) != NULL) {
                        fail(SG_E_USAGE, "--%s: %s", *names, why);
                }
        }
}

static const char *dashes(const struct option_spec *o)
{
        return o->name[1] == '\0' ? "-" : "--";
}

static void help(const char *title, const struct command *command)
{
        printf("usage: %s", title);
        for (const struct option_spec *o = command->options; o != NULL && o->name != NULL; o++) {
                if (o->kind == OPTION_OPTIONAL) {
                        printf(" [%s%s%s%s]", dashes(o), o->name, o->argument ? " " : "",
                               o->argument ? o->argument : "");
                } else {
                        printf(" %s%s %s%s", dashes(o), o->name, o->argument,
                               o->kind == OPTION_REPEATED ? "..." : "");
                }
        }
        printf("%s%s\n\n%s\n\n", command->operands ? " " : "",
               command->operands ? command->operands : "", command->summary);
        for (const struct option_spec *o = command->options; o != NULL && o->name != NULL; o++) {
                int width = printf("  %s%s %s", dashes(o), o->name, o->argument ? o->argument : "");

                printf("%*s%s\n", width < 30 ? 30 - width : 1, "", o->help);
        }
        printf("  %-28s%s\n", "-h, --help", "print this");
}

static _Noreturn void refuse(const char *title, const char *what, const char *which)
{
        fail(SG_E_USAGE, "%s %s (try: %s --help)", what, which, title);
}

static void sort_out_words(struct args *args, const char *title)
{
        bool options_ended = false;

        for (int i = 0; i < args->count; i++) {
                const char *word = args->words[i];

                if (options_ended || !is_option(word)) {
                        args->operands[args->operand_count++] = word;
                        continue;
                }
                if (strcmp(word, "--") == 0) {
                        options_ended = true;
                        continue;
                }
                const struct option_spec *o = find_option(args->command, word);

                if (o == NULL) {
                        refuse(title, "there is no option", word);
                }
                if (o->argument == NULL && strchr(word, '=') != NULL) {
                        refuse(title, "no argument is taken by", word);
                }
                if (o->argument != NULL && option_argument(args, &i) == NULL) {
                        refuse(title, "an argument is missing after", word);
                }
        }
}

bool args_ask_help(const char *word)
{
        return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

void args_parse(struct args *args, const char *title, const struct command *command, int count,
                char **words)
{
        *args = (struct args){.command = command, .count = count, .words = words};

        for (int i = 0; i < count; i++) {
                if (args_ask_help(words[i])) {
                        help(title, command);
                        exit(0);
                }
        }
        args->operands = allocate((size_t)count + 1, sizeof(*args->operands));
        sort_out_words(args, title);
        for (const struct option_spec *o = command->options; o != NULL && o->name != NULL; o++) {
                if (o->kind != OPTION_OPTIONAL && arg(args, o->name) == NULL) {
                        char name[64];

                        snprintf(name, sizeof(name), "%s%s", dashes(o), o->name);
                        refuse(title, "it needs", name);
                }
        }
        if (args->operand_count < command->operands_min) {
                refuse(title, "it needs", command->operands);
        }
        if (args->operand_count > command->operands_max) {
                refuse(title, "too many words:", args->operands[command->operands_max]);
        }
}
