/* SPDX-License-Identifier: Apache-2.0 */
/* The images are let go while the most memory is taken, and read again where they are needed. */
#include <signal.h>
#include <sys/mman.h>

#include "tests/unit/synthetic_kernel.h"

/* Both images in one mapping, which can be read unless they are let go. */
static struct {
        uint8_t *map;
        size_t size;
        bool away;
        unsigned times, matched, matched_away;
} images;

static void set_away(bool away)
{
        images.away = away;
        mprotect(images.map, images.size, away ? PROT_NONE : PROT_READ);
}

static void come_back(int number, siginfo_t *info, void *ctx)
{
        const uint8_t *at = info->si_addr;

        (void)ctx;
        if (!images.away || at < images.map || at >= images.map + images.size)
                signal(number, SIG_DFL); /* a fault of another kind: it comes again */
        else
                set_away(false);
}

static void let_go(void *ctx)
{
        (void)ctx;
        set_away(true);
        images.times++;
}

static void progress(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
        (void)ctx;
        (void)done;
        (void)total;
        if (strcmp(phase, "match") != 0)
                return;
        images.matched++;
        images.matched_away += images.away;
}

static struct buffer create_mapped(const struct pair *p)
{
        static const struct dl_create_options options = {.threads = 1};
        struct buffer patch = {0};
        const struct dl_sink sink = {
                .ctx = &patch, .write = rig_append, .progress = progress, .let_go = let_go};
        struct dl_image from = {.size = p->from.size}, to = {.size = p->to.size};

        images.size = p->from.size + p->to.size;
        images.map =
                mmap(NULL, images.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_ptr_not_equal(images.map, MAP_FAILED);
        from.data = memcpy(images.map, p->from.data, p->from.size);
        to.data = memcpy(images.map + p->from.size, p->to.data, p->to.size);
        memcpy(from.digest, rig_from_digest, DL_DIGEST_SIZE);
        memcpy(to.digest, rig_to_digest, DL_DIGEST_SIZE);
        assert_int_equal(dl_create(&from, &to, &options, &sink), SG_OK);
        munmap(images.map, images.size);
        return patch;
}

static void matching_reads_no_image(void **state)
{
        const struct sigaction act = {.sa_sigaction = come_back, .sa_flags = SA_SIGINFO};
        const struct synthetic s = {0};
        struct pair p = synthetic_pair(&s);
        struct buffer tail = rig_noise(DL_SEGMENT_SIZE), plain, patch;
        struct sigaction before;

        (void)state;
        rig_append(&p.from, tail.data, tail.size); /* matching of less is not told of */
        rig_append(&p.to, tail.data, tail.size);
        plain = rig_plain(&p.from, &p.to);
        sigaction(SIGSEGV, &act, &before);
        patch = create_mapped(&p);
        sigaction(SIGSEGV, &before, NULL);
        assert_int_equal(patch.size, plain.size);
        assert_memory_equal(patch.data, plain.data, plain.size);
        assert_true(images.times > 0 && images.matched > 0);
        assert_int_equal(images.matched_away, images.matched);
        free(patch.data);
        free(plain.data);
        free(tail.data);
        pair_free(&p);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(matching_reads_no_image),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
