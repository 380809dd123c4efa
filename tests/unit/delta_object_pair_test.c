/* SPDX-License-Identifier: Apache-2.0 */
/* Relocatable objects in the encoder: which count as such, and where their sections went. */
#include "delta/create/objects.h"
#include "tests/unit/delta_rig.h"
#include "tests/unit/object_headers.h"

#define SIZE     8192u
#define SECTIONS 4u /* by the headers, the first one of them empty */
#define NAMES    5000u
#define LONG     300u /* the room of a name */

struct image {
        uint8_t bytes[SIZE];
        uint32_t count; /* of headers */
        struct object_header headers[SECTIONS];
};

/* Its table of headers begins at 600; section 1 has the sections' names. */
static void put_image(struct image *m)
{
        put_object_head(m->bytes, 600, m->count, 1);
        for (uint32_t i = 0; i < m->count; i++)
                put_object_header(m->bytes + 600 + (size_t)i * OBJECT_HEADER, &m->headers[i]);
}

static struct view view_of(const struct image *m)
{
        struct view v = {.bytes = m->bytes, .size = SIZE};
        uint32_t end;

        assert_true(objects_find(&v, 0, &end));
        assert_int_equal(end, v.objects.count > 0 ? v.objects.list[0].from_end : 0);
        return v;
}

/* The old one's sections, told by where they went. */
static struct program pair(const struct image *from, const struct image *to)
{
        struct program p = {.from = view_of(from), .to = view_of(to)};
        struct copies copies = {0};

        assert_int_equal(copies_add(&copies, 0, 0, SIZE), SG_OK);
        assert_int_equal(objects_pair(&p, &copies), SG_OK);
        assert_int_equal(p.refs.objects.count, 1);
        copies_free(&copies);
        return p;
}

static void free_pair(struct program *p)
{
        objects_free(&p->from.objects);
        objects_free(&p->to.objects);
        objects_free(&p->refs.objects);
}

/* Its last section, which the new one has no more, stood far behind all others. */
static void a_lost_section_is_not_behind_the_object(void **state)
{
        static struct image from = {.count = 4,
                                    .headers = {{.type = 0},
                                                {.type = 3, .offset = 64, .length = 16},
                                                {.type = 1, .offset = 80, .length = 400},
                                                {.type = 8, .offset = 480, .length = 7}}};
        static struct image to;

        (void)state;
        to = from;
        to.count = 3;
        from.headers[3] = (struct object_header){.type = 4, .offset = 5000, .length = 240};
        put_image(&from);
        put_image(&to);
        struct program p = pair(&from, &to);
        const struct object_section *lost = &p.refs.objects.sections[3];
        assert_int_equal(p.to.objects.list[0].from_end, 600 + 3 * OBJECT_HEADER);
        assert_int_equal(lost->from, 5000);
        assert_int_equal(lost->to, p.to.objects.list[0].from_end);
        assert_int_equal(lost->to_size, 0);
        free_pair(&p);
}

/* Side by side they fill the object; with a byte more two must have it. */
static void sections_may_not_overlap(void **state)
{
        static struct image image = {.count = 3,
                                     .headers = {{.type = 0},
                                                 {.type = 3, .offset = 0, .length = 300},
                                                 {.type = 1, .offset = 300, .length = 300}}};

        (void)state;
        for (uint32_t more = 0; more < 2; more++) {
                image.headers[2].length = 300 + more;
                put_image(&image);
                struct view v = view_of(&image);
                assert_int_equal(v.objects.count, more ? 0 : 1);
                objects_free(&v.objects);
        }
}

/* Two sections whose names differ at the end, in the other order. */
static void put_names(struct image *m, uint32_t length, const char *ends)
{
        m->count = 4;
        m->headers[1] = (struct object_header){
                .name = 2 * LONG - 1, .type = 3, .offset = NAMES, .length = 2 * LONG};
        for (uint32_t i = 0; i < 2; i++) {
                uint8_t *name = m->bytes + NAMES + (size_t)i * LONG;
                memset(name, 'n', length - 1);
                name[length - 1] = (uint8_t)ends[i];
                m->headers[2 + i] = (struct object_header){
                        .name = i * LONG, .type = 1, .offset = 64 + 100 * i, .length = 100};
        }
        put_image(m);
}

/* They are told by names, but for what is longer than any tool makes it. */
static void names_of_sections(void **state)
{
        static struct image from, to;

        (void)state;
        for (uint32_t length = 255; length <= 256; length++) {
                put_names(&from, length, "ab");
                put_names(&to, length, "ba");
                struct program p = pair(&from, &to);
                const struct object_section *s = p.refs.objects.sections;
                bool known = length == 255;
                assert_int_equal(s[2].to, known ? 164 : 64);
                assert_int_equal(s[2].to_size, 100);
                assert_int_equal(s[3].to_size, known ? 0 : 100);
                free_pair(&p);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_lost_section_is_not_behind_the_object),
                cmocka_unit_test(sections_may_not_overlap),
                cmocka_unit_test(names_of_sections),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
