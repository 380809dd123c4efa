/* SPDX-License-Identifier: Apache-2.0 */
/* segue state create|info: the boot state in the NOR bank's file. */
#include <stdio.h>
#include <string.h>

#include "tools/segue/command.h"
#include "tools/segue/file.h"
#include "tools/segue/image_file.h"
#include "tools/segue/nor_file.h"
#include "tools/segue/output.h"
#include "tools/segue/report.h"
#include "tools/segue/text.h"

/* The image that --slot GUEST_a=FILE (or _b) names; false when there is none. */
static bool slot_image(struct bf_image_id *id, const struct system *s,
                       const struct vm_description *vm, char letter, const struct args *args)
{
        char prefix[VM_NAME_MAX + 8];
        const char *assignment;
        bool found = false;
        size_t n = (size_t)snprintf(prefix, sizeof(prefix), "%s_%c=", vm->name, letter);

        for (int i = 0; (assignment = arg_at(args, "slot", i)) != NULL; i++) {
                struct bf_image_info info;

                if (strncmp(assignment, prefix, n) != 0) {
                        continue;
                }
                struct mapped file = file_map(assignment + n);

                image_check(&info, &file, s, vm, assignment + n);
                memcpy(id->digest, info.digest, sizeof(id->digest));
                id->counter = info.counter;
                found = true;
        }
        return found;
}

/* Every --slot must name a slot that exists. */
static void check_slots(const struct system *s, const struct args *args)
{
        const char *assignment;

        for (int i = 0; (assignment = arg_at(args, "slot", i)) != NULL; i++) {
                char guest[VM_NAME_MAX + 1];
                size_t n = strcspn(assignment, "=");

                if (n < 3 || n - 2 > VM_NAME_MAX || assignment[n] != '=' ||
                    (strncmp(assignment + n - 2, "_a", 2) != 0 &&
                     strncmp(assignment + n - 2, "_b", 2) != 0)) {
                        fail(SG_E_USAGE, "--slot: '%s' is not like personal_a=FILE", assignment);
                }
                snprintf(guest, sizeof(guest), "%.*s", (int)(n - 2), assignment);
                system_guest(s, guest);
        }
}

static int state_create(const struct args *args)
{
        struct system system;
        struct bf_initial initial[BF_GUESTS_MAX];
        struct bf_journal journal;
        struct nor_memory nor;
        uint32_t count = 0;

        system_load(&system, args);
        check_slots(&system, args);
        for (unsigned i = 0; i < system.description.vm_count; i++) {
                const struct vm_description *vm = &system.description.vm[i];
                struct bf_image_id a, b;

                if (!system_has_slots(vm)) {
                        continue;
                }
                bool has_a = slot_image(&a, &system, vm, 'a', args);
                bool has_b = slot_image(&b, &system, vm, 'b', args);

                if (!has_a && !has_b) {
                        fail(SG_E_USAGE, "--slot: no image for guest '%s'", vm->name);
                }
                initial[count].vm = vm->index;
                must(bf_provision(&initial[count].guest, has_a ? &a : NULL, has_b ? &b : NULL),
                     vm->name);
                count++;
        }
        uint8_t *bytes = allocate(NOR_SIZE, 1);

        memset(bytes, 0xff, NOR_SIZE);
        nor_memory_open(&nor, bytes);
        must(bf_journal_format(&journal, &nor.flash, initial, count), arg(args, "o"));
        file_write(arg(args, "o"), bytes, NOR_SIZE);
        return 0;
}

static const char *slot_state_name(uint8_t state)
{
        static const char *const names[] = {
                [BF_EMPTY] = "empty", [BF_OPEN] = "open",   [BF_STAGED] = "staged",
                [BF_GOOD] = "good",   [BF_STALE] = "stale", [BF_FAILED] = "failed",
        };

        return state < sizeof(names) / sizeof(names[0]) ? names[state] : "unknown";
}

static const char *outcome_name(uint8_t outcome)
{
        static const char *const names[] = {
                [BF_OUTCOME_NONE] = "none",
                [BF_OUTCOME_CONFIRMED] = "confirmed",
                [BF_OUTCOME_ROLLED_BACK] = "rolled-back",
                [BF_OUTCOME_REFUSED] = "refused",
                [BF_OUTCOME_CANCELLED] = "cancelled",
        };

        return outcome < sizeof(names) / sizeof(names[0]) ? names[outcome] : "unknown";
}

static void print_guest(const char *name, const struct bf_guest *g)
{
        uint8_t active = bf_active(g, 0);

        printf("%s: floor %u, last outcome %s%s%s\n", name, g->floor, outcome_name(g->outcome),
               g->reported ? "" : ", not reported yet", g->started ? ", a trial is under way" : "");
        for (uint8_t i = 0; i < BF_SLOTS; i++) {
                const struct bf_slot *s = &g->slot[i];
                char digest[65];

                hex_text(digest, s->digest, sizeof(s->digest));
                printf("  %c%c %-7s priority %2u  counter %u  tries %u  interrupted %u  %.16s...\n",
                       i == active ? '*' : ' ', 'a' + i, slot_state_name(s->state), s->priority,
                       s->counter, s->tries_remaining, s->interrupted_remaining, digest);
        }
}

static void print_slot_json(struct json_writer *w, const struct bf_guest *g, uint8_t i)
{
        const struct bf_slot *s = &g->slot[i];
        const char name[2] = {(char)('a' + i), '\0'};

        json_write_open(w, NULL, '{');
        json_write_string(w, "slot", name);
        json_write_string(w, "state", slot_state_name(s->state));
        json_write_bool(w, "active", bf_active(g, 0) == i);
        json_write_bool(w, "successful", s->state == BF_GOOD || s->state == BF_STALE);
        json_write_u64(w, "priority", s->priority);
        json_write_u64(w, "tries_remaining", s->tries_remaining);
        json_write_u64(w, "interrupted_remaining", s->interrupted_remaining);
        json_write_u64(w, "security_counter", s->counter);
        json_write_hex(w, "digest", s->digest, sizeof(s->digest));
        json_write_close(w, '}');
}

static void print_guest_json(struct json_writer *w, const char *name, uint32_t vm,
                             const struct bf_guest *g)
{
        json_write_open(w, NULL, '{');
        json_write_string(w, "name", name);
        json_write_u64(w, "vm", vm);
        json_write_u64(w, "floor", g->floor);
        json_write_bool(w, "trial", g->started != 0);
        json_write_string(w, "outcome", outcome_name(g->outcome));
        json_write_bool(w, "reported", g->reported != 0);
        json_write_hex(w, "failed_digest", g->failed_digest, sizeof(g->failed_digest));
        json_write_open(w, "slots", '[');
        for (uint8_t i = 0; i < BF_SLOTS; i++) {
                print_slot_json(w, g, i);
        }
        json_write_close(w, ']');
        json_write_close(w, '}');
}

static const char *vm_name(const struct system *s, uint32_t vm)
{
        for (unsigned i = 0; i < s->description.vm_count; i++) {
                if (s->description.vm[i].index == vm) {
                        return s->description.vm[i].name;
                }
        }
        return "?";
}

static int state_info(const struct args *args)
{
        struct system system;
        struct bf_journal journal;
        struct nor_memory nor;
        struct json_writer w;
        const char *path = args->operands[0];
        bool json = arg_flag(args, "json");
        struct mapped file = file_map(path);

        if (file.size != NOR_SIZE) {
                fail(SG_E_STATE_GEOMETRY, "%s: %zu bytes, not %d", path, file.size, NOR_SIZE);
        }
        system_load(&system, args);
        nor_memory_open(&nor, memcpy(allocate(NOR_SIZE, 1), file.data, NOR_SIZE));
        must(bf_journal_scan(&journal, &nor.flash), path);
        if (json) {
                document_begin(&w);
                json_write_u64(&w, "sequence", journal.sequence);
                json_write_open(&w, "guests", '[');
        }
        for (uint32_t vm = 0; vm < BF_GUESTS_MAX; vm++) {
                const struct bf_guest *g = bf_journal_get(&journal, vm);

                if (g != NULL && json) {
                        print_guest_json(&w, vm_name(&system, vm), vm, g);
                } else if (g != NULL) {
                        print_guest(vm_name(&system, vm), g);
                }
        }
        if (json) {
                json_write_close(&w, ']');
                document_print(&w);
        }
        return 0;
}

static const struct option_spec create_options[] = {
        {"slot", "SLOT=IMAGE", "what a slot holds, such as personal_a=old.img", OPTION_REPEATED},
        {"o", "NOR", "the NOR bank's file, 64 MiB", OPTION_REQUIRED},
        VMS_OPTION,
        {0},
};

static const struct option_spec info_options[] = {
        {"json", NULL, "as JSON", OPTION_OPTIONAL},
        VMS_OPTION,
        {0},
};

static const struct command commands[] = {
        {"create", "make the boot state of a new device from the images in its slots", NULL, 0, 0,
         create_options, state_create},
        {"info", "say which slots boot, and what they may", "NOR", 1, 1, info_options, state_info},
        {0},
};

const struct command_group state_group = {"state", "Boot state (NOR)", commands};
