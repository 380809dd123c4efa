/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine's tests share: a fake device with two guests, images, a delta between them, keys,
 * and packages made of these. */
#ifndef TESTS_ENGINE_FIXTURE_H
#define TESTS_ENGINE_FIXTURE_H

#include "tests/unit/fake_world.h"
#include "tests/unit/package_maker.h"

#define IMAGE_SIZE   (1200u << 10) /* two segments */
#define RT_SIZE      (40u << 10)
#define PATCH_MAX    (2u << 20)
#define PATCH_CHUNKS 16u
#define STEPS        10000u

enum { PERSONAL, RT };
#define VM_PERSONAL (1 + PERSONAL)
#define VM_RT       (1 + RT)

extern struct world world;
extern struct maker_key root_key, targets_key, other_key; /* nobody accepts other_key */
extern struct maker_role root_role, targets_role;
extern struct maker_text root_text; /* the pinned one */

extern uint8_t old_image[IMAGE_SIZE], new_image[IMAGE_SIZE], newer_image[IMAGE_SIZE];
extern uint8_t rt_old[RT_SIZE], rt_new[RT_SIZE];
extern uint8_t patch[PATCH_MAX]; /* old_image -> new_image */
extern size_t patch_size;
extern uint32_t patch_chunks[PATCH_CHUNKS];
extern uint32_t patch_chunk_count, patch_ram;
extern const uint32_t rt_chunks[1];

extern uint8_t package[4u << 20]; /* the last that was put together */
extern size_t package_size;

/* Once per program: keys, images, the delta. */
int make_all(void **state);
int free_all(void **state);

/* For each test: a device whose guests run old_image and rt_old. */
int setup(void **state);
int teardown(void **state);

/* A target that is a whole image, its chunks left out. */
struct maker_payload make_manifest(const char *path, const char *guest, const uint8_t *image,
                                   size_t size, uint32_t counter);
struct maker_payload delta_payload(void);
struct maker_payload image_payload(const uint8_t *image, uint32_t counter);
struct maker_payload rt_payload(void);

/* A package of these payloads in the inbox. */
void put_package(struct maker_payload *payloads, uint32_t count, uint64_t version);
/* One with delta_payload() alone. */
void put_delta(void);

/* It comes while the engine runs, which goes on until nothing more happens by itself. */
void deliver_package(struct maker_payload *payloads, uint32_t count, uint64_t version);

/* A new engine, which runs until nothing more happens by itself. */
void start(void);
void expect_state(enum engine_state want);
/* Runs until the text is in the log. */
void run_to_log(const char *text);
/* The delta is in the inbox, applied and staged. */
void staged(void);
/* And started, as its guest agreed. */
void on_trial(void);
void expect_logged(const char *text);
void expect_not_logged(const char *text);
/* "... error=N ", the last field before the time. */
void expect_error(const char *what, sg_err error);
unsigned times_logged(const char *text);
/* The guest agrees, starts, and confirms. */
void carry_through(void);
/* The end of a good update of `personal`: the new image runs, confirmed. */
void expect_updated(const uint8_t *image);

/* The `read` of a storage that has none. */
sg_err unreadable(void *ctx, uint64_t offset, void *data, size_t length);

#endif
