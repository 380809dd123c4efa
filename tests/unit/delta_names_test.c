/* SPDX-License-Identifier: Apache-2.0 */
/* The names of kallsyms: squeezed by hand-made tokens, and sorted as any sort does it. */
#include "delta/decoder.h"
#include "tests/unit/delta_rig.h"

/* ---- Tokens ---- */

struct texts {
        uint8_t bytes[1024];
        uint32_t size;
};

/* Each code from `first` on stands for itself, but for the empty one. */
static void put_codes(struct texts *t, uint32_t first, uint32_t end)
{
        for (uint32_t code = first; code < end; code++) {
                if (code > 0)
                        t->bytes[t->size++] = (uint8_t)code;
                t->bytes[t->size++] = 0;
        }
}

static void put_text(struct texts *t, const char *text)
{
        memcpy(t->bytes + t->size, text, strlen(text) + 1);
        t->size += (uint32_t)strlen(text) + 1;
}

/* 253 is no pair of what is known by then, 252 is longer than any token, 48 stands for itself. */
static struct texts tokens(void)
{
        struct texts t = {.size = 0};

        put_codes(&t, 0, 48);
        put_text(&t, "mn");
        put_text(&t, "op");
        put_codes(&t, 50, 250);
        put_text(&t, "dd");
        put_text(&t, "ca");
        put_text(&t, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
        put_text(&t, "efg");
        put_text(&t, "abc");
        put_text(&t, "ab");
        return t;
}

static void names_are_squeezed(void **state)
{
        static const struct {
                const char *name, *squeezed;
        } rows[] = {
                {"", ""},
                {"a", "a"},
                {"ab", "\377"},
                {"abab", "\377\377"},
                {"aba", "\377a"}, /* a b follows in memory */
                {"abxb", "\377xb"},
                {"abac", "\377ac"},
                {"abc", "\376"},
                {"abcab", "\376\377"},
                {"caab", "\373\377"},
                {"cab", "c\377"}, /* the highest code first */
                {"ddd", "\372d"},
                {"dddd", "\372\372"},
                {"efg", "efg"},
                {"mn", "mn"},
                {"op", "1"},
                {"xx", "xx"},
        };
        struct texts t = tokens();
        struct kallsyms_tokens opened;
        static uint8_t pairs[KALLSYMS_PAIRS];

        (void)state;
        assert_true(kallsyms_tokens_open(&opened, t.bytes, t.size));
        kallsyms_pairs(&opened, pairs);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint8_t name[16] = {0};
                memcpy(name, rows[i].name, strlen(rows[i].name));
                name[strlen(rows[i].name)] = 'b';
                uint32_t n = kallsyms_squeeze(pairs, name, (uint32_t)strlen(rows[i].name));
                if (n != strlen(rows[i].squeezed) || memcmp(name, rows[i].squeezed, n) != 0)
                        fail_msg("%s: %u bytes", rows[i].name, n);
        }
}

static void tables_of_tokens(void **state)
{
        struct texts t = tokens();
        struct kallsyms_tokens *opened = malloc(sizeof(*opened));

        (void)state;
        memset(opened, 0, sizeof(*opened));
        assert_true(kallsyms_tokens_open(opened, t.bytes, t.size));
        assert_int_equal(opened->at[256], t.size);
        t.bytes[t.size] = 'x';
        assert_false(kallsyms_tokens_open(opened, t.bytes, t.size + 1));
        assert_false(kallsyms_tokens_open(opened, t.bytes, t.size - 1));
        /* The last end of another table stands where this one would end. */
        assert_false(kallsyms_tokens_open(opened, t.bytes + 1, t.size - 1));
        opened->at[256] = t.size - 3;
        assert_false(kallsyms_tokens_open(opened, t.bytes, t.size - 3));
        memset(t.bytes, 0, sizeof(t.bytes));
        assert_false(kallsyms_tokens_open(opened, t.bytes, 300));
        free(opened);
}

static void names_are_expanded(void **state)
{
        struct texts t = tokens();
        struct kallsyms_tokens opened;
        uint8_t packed[600], *name = malloc(KALLSYMS_NAME_MAX);

        (void)state;
        assert_true(kallsyms_tokens_open(&opened, t.bytes, t.size));
        memset(packed, 0xff, sizeof(packed));
        assert_int_equal(kallsyms_expand(&opened, packed, 3, name), 6);
        assert_memory_equal(name, "ababab", 6);
        assert_int_equal(kallsyms_expand(&opened, packed, 512, name), KALLSYMS_NAME_MAX);
        assert_int_equal(kallsyms_expand(&opened, packed, 513, name), 0);
        free(name);
}

/* ---- Sorting ---- */

#define OLD    2500u
#define NEW    4000u
#define SENT   300u
#define NAME   48u
#define OLD_AT 8192u /* the names; the sorted list is in front */
#define ROOM   (OLD_AT + OLD * NAME)

static struct world {
        struct dl dl;
        struct rig rig;
        uint8_t old[ROOM], lines[DL_CACHE_LINES][DL_CACHE_LINE];
        struct texts texts;
        struct kallsyms_tokens tokens;
        char old_name[OLD][NAME], new_name[NEW][NAME], sent[SENT * NAME];
        struct kallsyms_run runs[NEW];
        uint32_t old_steps[OLD / KALLSYMS_STEP + 1], new_of[OLD], order[NEW], sent_at[SENT + 1];
        uint32_t reads_left;
} world;

/* It fails when none is left, once. */
static sg_err old_read(void *ctx, uint64_t off, void *buf, size_t len)
{
        struct world *w = ctx;

        if (w->reads_left-- == 0)
                return SG_E_IO;
        memcpy(buf, w->old + off, len);
        return SG_OK;
}

static void set_name(char *name, const char *text)
{
        memcpy(name, text, strlen(text) + 1);
}

/* A letter, a long part that all have, and a short end: many are equal, or begin another one. */
static void make_name(char name[NAME])
{
        uint32_t n = rig_random() % 5, kind = rig_random() % 50;

        if (kind < 2) { /* the letter alone, or nothing */
                name[0] = kind ? 'T' : '\0';
                name[1] = '\0';
                return;
        }
        name[0] = (char)('A' + rig_random() % 20);
        memset(name + 1, '_', NAME - 8);
        for (uint32_t i = 0; i < n; i++)
                name[NAME - 7 + i] = (char)('a' + rig_random() % 5);
        name[NAME - 7 + n] = '\0';
}

/* By the bytes behind the letter; nothing stands before a letter alone. */
static int order_of(const char *a, const char *b)
{
        if (!*a || !*b)
                return (*a != 0) - (*b != 0);
        return strcmp(a + 1, b + 1);
}

static int by_old_name(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
        int order = order_of(world.old_name[x], world.old_name[y]);

        return order ? order : (x > y) - (x < y);
}

static int by_new_name(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
        int order = order_of(world.new_name[x], world.new_name[y]);

        return order ? order : (x > y) - (x < y);
}

static void put_old_order(const uint32_t *numbers, uint32_t count)
{
        for (uint32_t i = 0; i < count; i++) {
                uint8_t *at = world.old + (size_t)3 * i;
                at[0] = (uint8_t)(numbers[i] >> 16);
                at[1] = (uint8_t)(numbers[i] >> 8);
                at[2] = (uint8_t)numbers[i];
        }
}

static void put_old_names(uint32_t count)
{
        struct dl_kallsyms *k = &world.dl.kallsyms;
        uint32_t at = OLD_AT;

        for (uint32_t i = 0; i < count; i++) {
                size_t n = strlen(world.old_name[i]);
                if (i % KALLSYMS_STEP == 0)
                        world.old_steps[i / KALLSYMS_STEP] = at - OLD_AT;
                world.old[at] = (uint8_t)n;
                memcpy(world.old + at + 1, world.old_name[i], n);
                at += (uint32_t)n + 1;
        }
        k->from_names = OLD_AT;
        k->from_size = at - OLD_AT;
        k->from_count = count;
        world.dl.header.from_size = at;
}

static void make_world(void)
{
        struct world *w = &world;

        memset(w, 0, sizeof(*w));
        w->dl.ops = (struct dl_ops){.ctx = w, .old_read = old_read};
        w->reads_left = UINT32_MAX;
        for (uint32_t i = 0; i < DL_CACHE_LINES; i++)
                w->dl.cache[i].bytes = w->lines[i];
        put_codes(&w->texts, 0, 256);
        assert_true(kallsyms_tokens_open(&w->tokens, w->texts.bytes, w->texts.size));
        w->dl.kallsyms = (struct dl_kallsyms){.runs = w->runs,
                                              .old_steps = w->old_steps,
                                              .new_of = w->new_of,
                                              .order = w->order,
                                              .sent_at = w->sent_at,
                                              .sent = (uint8_t *)w->sent,
                                              .old_tokens = &w->tokens};
}

/* `count` symbols from an old one on, or from those sent. */
static void add_run(bool sent, uint32_t from, uint32_t count)
{
        struct dl_kallsyms *k = &world.dl.kallsyms;
        const char *text = world.sent;

        world.runs[k->run_count++] =
                (struct kallsyms_run){k->count, from, count | (sent ? KALLSYMS_SENT : 0)};
        k->sent_count += sent ? count : 0;
        for (uint32_t i = 0; i < count; i++)
                set_name(world.new_name[k->count++],
                         sent ? text + world.sent_at[from + i] : world.old_name[from + i]);
}

static void make_random(void)
{
        struct dl_kallsyms *k = &world.dl.kallsyms;
        static uint32_t numbers[OLD];
        uint32_t sent = 0;

        make_world();
        for (uint32_t i = 0; i < OLD; i++) {
                make_name(world.old_name[i]);
                numbers[i] = i;
        }
        qsort(numbers, OLD, sizeof(*numbers), by_old_name);
        put_old_order(numbers, OLD);
        put_old_names(OLD);
        for (uint32_t i = 0; i < SENT; i++) {
                char *text = world.sent + world.sent_at[i];
                make_name(text);
                world.sent_at[i + 1] = world.sent_at[i] + (uint32_t)strlen(text) + 1;
        }
        while (k->count < NEW - SENT - 50) {
                uint32_t n = 1 + rig_random() % 20, left = SENT - sent;
                bool old = left == 0 || rig_random() % 3 > 0;
                add_run(!old, old ? rig_random() % (OLD - 20) : sent, old || n < left ? n : left);
                sent += old ? 0 : n < left ? n : left;
        }
        if (sent < SENT)
                add_run(true, sent, SENT - sent);
}

static void check_order(void)
{
        uint32_t count = world.dl.kallsyms.count;
        static uint32_t expected[NEW];

        for (uint32_t i = 0; i < count; i++)
                expected[i] = i;
        qsort(expected, count, sizeof(*expected), by_new_name);
        assert_memory_equal(world.order, expected, count * sizeof(*expected));
}

static void symbols_are_sorted(void **state)
{
        (void)state;
        make_random();
        assert_int_equal(dl_kallsyms_sort(&world.dl), SG_OK);
        check_order();
}

/* Whichever read of the old image it is. */
static void errors_of_the_disk_are_told(void **state)
{
        (void)state;
        make_random();
        assert_int_equal(dl_kallsyms_sort(&world.dl), SG_OK);
        uint32_t reads = UINT32_MAX - world.reads_left;
        assert_true(reads > 100);
        for (uint32_t i = 0; i < reads; i += i < 20 || i > reads - 5 ? 1 : reads / 40) {
                memset(&world.dl.kallsyms.place, 0, sizeof(world.dl.kallsyms.place));
                for (uint32_t line = 0; line < DL_CACHE_LINES; line++)
                        world.dl.cache[line].length = 0;
                world.dl.evict = 0;
                world.reads_left = i;
                assert_int_equal(dl_kallsyms_sort(&world.dl), SG_E_IO);
        }
}

/* Two old symbols, b and a, in a list that is not sorted, or has one of them twice. */
static void make_two(uint32_t first, uint32_t second)
{
        const uint32_t numbers[] = {first, second};

        make_world();
        set_name(world.old_name[0], "Tb");
        set_name(world.old_name[1], "Ta");
        put_old_order(numbers, 2);
        put_old_names(2);
}

/* A list that is not sorted stays as it is, with the first copies of its symbols. */
static void old_lists_of_any_kind(void **state)
{
        static const uint32_t as_it_is[] = {0, 1, 2}, falling[] = {1, 0};

        (void)state;
        make_two(0, 1);
        add_run(false, 0, 2);
        add_run(false, 0, 1);
        assert_int_equal(dl_kallsyms_sort(&world.dl), SG_OK);
        assert_memory_equal(world.order, as_it_is, sizeof(as_it_is));
        make_two(1, 0); /* falls by name and by number */
        set_name(world.old_name[0], "Ta");
        set_name(world.old_name[1], "Tb");
        put_old_names(2);
        add_run(false, 0, 2);
        assert_int_equal(dl_kallsyms_sort(&world.dl), SG_OK);
        assert_memory_equal(world.order, falling, sizeof(falling));
        make_two(0, 0);
        add_run(false, 0, 2);
        assert_int_equal(dl_kallsyms_sort(&world.dl), SG_E_DELTA_MODEL);
        for (uint32_t number = 2; number < 1u << 24; number <<= 1) {
                make_two(0, number);
                add_run(false, 0, 2);
                assert_int_equal(dl_kallsyms_sort(&world.dl), SG_E_DELTA_MODEL);
        }
}

/* What stands behind the list of old symbols is not about those sent. */
static void more_sent_than_old(void **state)
{
        (void)state;
        make_two(1, 0);
        for (uint32_t i = 0; i < 4; i++) {
                set_name(world.sent + 4 * (size_t)i, "Ta0");
                world.sent_at[i + 1] = 4 * (i + 1);
        }
        add_run(false, 0, 2);
        add_run(true, 0, 4);
        world.new_of[2] = 4;
        assert_int_equal(dl_kallsyms_sort(&world.dl), SG_OK);
        check_order();
}

static int set_up(void **state)
{
        (void)state;
        rig_seed(31);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_are_squeezed),
                cmocka_unit_test(tables_of_tokens),
                cmocka_unit_test(names_are_expanded),
                cmocka_unit_test(symbols_are_sorted),
                cmocka_unit_test(errors_of_the_disk_are_told),
                cmocka_unit_test(old_lists_of_any_kind),
                cmocka_unit_test(more_sent_than_old),
        };

        return cmocka_run_group_tests(tests, set_up, NULL);
}
