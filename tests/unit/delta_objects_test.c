// SPDX-License-Identifier: Apache-2.0
/* Relocatable objects: their tables follow from the map and from where sections went. */
#include "delta/create/objects.h"
#include "delta/decoder.h"
#include "tests/unit/delta_tamper.h"
#include "tests/unit/synthetic_objects.h"

struct pair {
        struct buffer from, to, patch;
};

static struct buffer objects(unsigned version, enum objects_fault fault)
{
        static uint8_t bytes[OBJECTS_SIZE_MAX];
        struct buffer b = {0};

        rig_append(&b, bytes, synthetic_objects(version, fault, bytes));
        return b;
}

static struct pair make(enum objects_fault fault)
{
        struct pair p = {.from = objects(0, fault), .to = objects(1, fault)};

        p.patch = rig_plain(&p.from, &p.to);
        rig_check(&p.patch, &p.from, &p.to);
        return p;
}

static void release(struct pair *p)
{
        free(p->from.data);
        free(p->to.data);
        free(p->patch.data);
}

static void tables_follow(void **state)
{
        struct pair known = make(OBJECTS_SOUND), unknown = make(OBJECTS_FOREIGN);

        (void)state;
        print_message("as objects: %zu bytes, %d for their sections; else %zu\n", known.patch.size,
                      (int)rig_part(&known.patch, "objects"), unknown.patch.size);
        assert_true(rig_part(&known.patch, "objects") > 0);
        assert_int_equal(rig_part(&unknown.patch, "objects"), -1);
        assert_true(known.patch.size * 3 < unknown.patch.size * 2);
        release(&known);
        release(&unknown);
}

static void what_is_not_as_tools_make_it_costs_only_bytes(void **state)
{
        (void)state;
        for (enum objects_fault fault = OBJECTS_FOREIGN; fault < OBJECTS_FAULTS; fault++) {
                struct pair p = make(fault);
                print_message("fault %d: %zu bytes\n", (int)fault, p.patch.size);
                release(&p);
        }
}

/* The old one as tools make it, the new one not, and the other way about. */
static void one_version_alone_is_not_as_tools_make_it(void **state)
{
        (void)state;
        for (enum objects_fault fault = OBJECTS_FOREIGN; fault < OBJECTS_FAULTS; fault++) {
                struct buffer sound = objects(0, OBJECTS_SOUND), odd = objects(1, fault);
                struct buffer there = rig_plain(&sound, &odd), back = rig_plain(&odd, &sound);
                rig_check(&there, &sound, &odd);
                rig_check(&back, &odd, &sound);
                free(there.data);
                free(back.data);
                free(sound.data);
                free(odd.data);
        }
}

/* An object at the very end, cut at each place of its headers. */
static void objects_cut_short(void **state)
{
        struct buffer from = objects(0, OBJECTS_SOUND), to = objects(1, OBJECTS_SOUND);
        const size_t sizes[] = {from.size, to.size};

        (void)state;
        for (size_t cut = 1; cut < 1500; cut = 2 * cut + 1) {
                from.size = sizes[0] - cut;
                to.size = sizes[1] - cut / 2;
                struct buffer patch = rig_plain(&from, &to);
                rig_check(&patch, &from, &to);
                free(patch.data);
        }
        for (size_t size = 20; size < 200; size += 44) {
                from.size = to.size = size;
                struct buffer patch = rig_plain(&from, &to);
                rig_check(&patch, &from, &to);
                free(patch.data);
        }
        free(from.data);
        free(to.data);
}

/* The section's columns: places, sizes, corrections, new places. */
static uint32_t object_count(struct patch_parts *p)
{
        return count_of(p, DL_S_OBJECTS, 0);
}

static uint32_t section_count(struct patch_parts *p)
{
        return count_of(p, DL_S_OBJECTS, 1);
}

/* Of five objects the middle one saves nothing; one more is left where memory is short. */
static void those_that_save_most_are_told(void **state)
{
        enum { COUNT = 5, EACH = 3 };
        const uint32_t saved[COUNT] = {700, 90, 2, 800, 50};
        const uint64_t each = sizeof(struct object) + EACH * sizeof(struct object_section);
        struct object list[COUNT];
        struct object_section sections[COUNT * EACH];
        uint32_t left[COUNT];
        struct program p = {.saved = left};

        (void)state;
        for (uint32_t room = 0; room <= COUNT; room++) {
                p.refs.objects = (struct dl_objects){list, COUNT, sections, COUNT * EACH};
                for (uint32_t i = 0; i < COUNT; i++) {
                        left[i] = saved[i];
                        list[i] = (struct object){.from = i, .section = i * EACH, .sections = EACH};
                        for (uint32_t k = 0; k < EACH; k++)
                                sections[i * EACH + k].from = 10 * i + k;
                }
                objects_fit(&p, room * each);
                uint32_t count = room < 4 ? room : 4;
                assert_int_equal(p.refs.objects.count, count);
                assert_int_equal(p.refs.objects.section_count, count * EACH);
                for (uint32_t i = 0; i < count; i++) {
                        assert_int_equal(list[i].section, i * EACH);
                        assert_int_equal(sections[i * EACH + 2].from, 10 * list[i].from + 2);
                        assert_int_equal(left[i], saved[list[i].from]);
                }
                if (room == 2)
                        assert_true(list[0].from == 0 && list[1].from == 3);
        }
}

static void find_all(struct view *v)
{
        for (uint32_t at = 0, end; at + 4 < v->size; at = end > at ? end : at + 1) {
                end = at;
                if (memcmp(v->bytes + at, "\177ELF", 4) == 0)
                        assert_true(objects_find(v, at, &end));
        }
        assert_int_equal(v->objects.count, OBJECTS_EACH);
}

/* Each section is copied from its beginning on, and each header. */
static void copy_sections(const struct dl_objects *all, struct copies *copies)
{
        for (uint32_t i = 0; i < all->count; i++) {
                const struct object *o = &all->list[i];
                assert_int_equal(copies_add(copies, o->to, o->from, OBJECT_HEADER), SG_OK);
                for (uint32_t k = 0; k < o->sections; k++) {
                        const struct object_section *s = &all->sections[o->section + k];
                        uint32_t n = s->from_size < s->to_size ? s->from_size : s->to_size;
                        if (object_in_file(s) && n > 0)
                                assert_int_equal(copies_add(copies, s->to, s->from, n), SG_OK);
                }
        }
}

/* The checksum of what is predicted of all copies, in pieces that end anywhere. */
static uint32_t predict_all(const struct program *p)
{
        uint32_t crc = 0, seed = 7;

        for (uint32_t i = 0; i < p->map.count; i++) {
                const struct dl_copy *c = &p->map.copies[i];
                for (uint32_t at = 0, n; at < c->length; at += n) {
                        uint8_t bytes[DL_WINDOW_MAX];
                        uint32_t from = c->from + at, lead = from < 1000 ? from : 1000;
                        struct dl_window w = {bytes, 0, from - lead, (int64_t)c->to - c->from, c};
                        seed = seed * 1664525u + 1013904223u;
                        n = 1 + (seed >> 8) % DL_PIECE;
                        n = n < c->length - at ? n : c->length - at;
                        w.size = lead + n + 100;
                        if (w.from + w.size > p->from.size)
                                w.size = p->from.size - w.from;
                        memcpy(bytes, p->from.bytes + w.from, w.size);
                        dl_refs_predict_mode(&p->refs, &w, DL_MODE_OBJECTS, lead, lead + n);
                        crc = (uint32_t)crc32(crc, bytes + lead, n);
                }
        }
        return crc;
}

/* What is predicted is a part of the format (delta_vectors_test). */
static void predicts_as_ever(void **state)
{
        struct buffer from = objects(0, OBJECTS_SOUND), to = objects(1, OBJECTS_SOUND);
        struct program p = {.from = {.bytes = from.data, .size = (uint32_t)from.size},
                            .to = {.bytes = to.data, .size = (uint32_t)to.size}};
        static struct a64_word words[DL_WINDOW_WORDS];
        const uint32_t size = p.from.size < p.to.size ? p.from.size : p.to.size;
        struct copies copies = {0};

        (void)state;
        find_all(&p.from);
        find_all(&p.to);
        p.refs.map = &p.map;
        p.refs.words = words;
        p.refs.from_size = p.from.size;
        p.refs.to_size = p.to.size;
        assert_int_equal(copies_add(&copies, 0, 0, size), SG_OK);
        assert_int_equal(objects_pair(&p, &copies), SG_OK);
        assert_int_equal(p.refs.objects.count, OBJECTS_EACH);
        copies_free(&copies);
        copy_sections(&p.refs.objects, &copies);
        assert_int_equal(program_map(&p, &copies), SG_OK);
        assert_int_equal(predict_all(&p), 0x496082b0u);
        objects_free(&p.from.objects);
        objects_free(&p.to.objects);
        objects_free(&p.refs.objects);
        free(p.refs.order);
        copies_free(&copies);
        free(from.data);
        free(to.data);
}

static void put(struct patch_parts *p, uint32_t i, uint32_t value)
{
        put_varint_at(part_of(p, DL_S_OBJECTS), 0, i, value);
}

static void another_place(struct patch_parts *p)
{
        put(p, 1, varint_at(part_of(p, DL_S_OBJECTS), 0, 1) + 4);
}

static void beyond_the_old_image(struct patch_parts *p)
{
        put(p, object_count(p) - 1, 1u << 30);
}

static void at_the_old_images_end(struct patch_parts *p)
{
        put(p, 0, (uint32_t)dl_get64(p->header + DL_H_FROM_SIZE) - 63);
}

static void sections_of_no_size(struct patch_parts *p)
{
        put(p, object_count(p) + 1, dl_zigzag(INT32_MIN));
}

static void sections_beyond_the_new_image(struct patch_parts *p)
{
        put(p, object_count(p) + section_count(p) - 1, dl_zigzag(1 << 20));
}

static void placed_beyond_the_new_image(struct patch_parts *p)
{
        put(p, object_count(p) + section_count(p) + 1, dl_zigzag(1 << 20));
}

static void beyond_the_new_image(struct patch_parts *p)
{
        put(p, object_count(p) + 2 * section_count(p), 1u << 30);
}

static void fewer_objects(struct patch_parts *p)
{
        add_to_count(p, DL_S_OBJECTS, 0, UINT32_MAX);
}

static void fewer_sections(struct patch_parts *p)
{
        add_to_count(p, DL_S_OBJECTS, 1, UINT32_MAX);
}

static void more_sections(struct patch_parts *p)
{
        add_to_count(p, DL_S_OBJECTS, 1, 1);
}

static void bytes_to_spare(struct patch_parts *p)
{
        part_of(p, DL_S_OBJECTS)->size += 3;
}

static void bytes_missing(struct patch_parts *p)
{
        part_of(p, DL_S_OBJECTS)->size -= 1;
}

static void damage_is_refused(void **state)
{
        static const struct tampering rows[] = {
                {"no object there", another_place, SG_E_DELTA_MODEL},
                {"beyond the old image", beyond_the_old_image, SG_E_DELTA_MODEL},
                {"at the old image's end", at_the_old_images_end, SG_E_DELTA_MODEL},
                {"a section of no size", sections_of_no_size, SG_E_DELTA_MODEL},
                {"a section too large", sections_beyond_the_new_image, SG_E_DELTA_MODEL},
                {"a section too far away", placed_beyond_the_new_image, SG_E_DELTA_MODEL},
                {"beyond the new image", beyond_the_new_image, SG_E_DELTA_MODEL},
                {"fewer objects", fewer_objects, SG_E_DELTA_MODEL},
                {"fewer sections", fewer_sections, SG_E_DELTA_MODEL},
                {"more sections", more_sections, SG_E_DELTA_MODEL},
                {"bytes to spare", bytes_to_spare, SG_E_DELTA_STREAM},
                {"bytes missing", bytes_missing, SG_E_DELTA_STREAM},
        };
        struct pair p = make(OBJECTS_SOUND);

        (void)state;
        expect_refused(&p.patch, &p.from, p.to.size, rows, sizeof(rows) / sizeof(rows[0]));
        release(&p);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(tables_follow),
                cmocka_unit_test(what_is_not_as_tools_make_it_costs_only_bytes),
                cmocka_unit_test(one_version_alone_is_not_as_tools_make_it),
                cmocka_unit_test(objects_cut_short),
                cmocka_unit_test(those_that_save_most_are_told),
                cmocka_unit_test(predicts_as_ever),
                cmocka_unit_test(damage_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
