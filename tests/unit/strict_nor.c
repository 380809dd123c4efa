// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/strict_nor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static uint8_t random_byte(struct nor *n)
{
        n->seed ^= n->seed << 13;
        n->seed ^= n->seed >> 7;
        n->seed ^= n->seed << 17;
        return (uint8_t)(n->seed >> 24);
}

static uint32_t at(const struct nor *n, uint32_t block, uint32_t offset, uint32_t length)
{
        assert_true(block < n->flash.blocks);
        assert_true(offset <= n->flash.erase_size && length <= n->flash.erase_size - offset);
        return block * n->flash.erase_size + offset;
}

/* Is this operation the one to be interrupted? */
static bool interrupted(struct nor *n)
{
        n->operations++;
        if (n->hook)
                n->hook(n);
        if (n->stop_at == 0 || n->operations != n->stop_at)
                return false;
        n->dead = n->stays_dead;
        return true;
}

static sg_err nor_read(void *ctx, uint32_t block, uint32_t offset, void *to, uint32_t length)
{
        struct nor *n = ctx;
        uint32_t from = at(n, block, offset, length);
        uint8_t *out = to;

        if (n->dead)
                return SG_E_IO;
        memcpy(out, n->bytes + from, length);
        for (uint32_t i = 0; i < length; i++)
                if (n->weak[from + i])
                        out[i] ^= n->weak[from + i] & random_byte(n);
        return SG_OK;
}

/* A bit on its way from `from` to `to`, and what the tear makes of it. */
static void tear_byte(struct nor *n, uint32_t i, uint8_t to)
{
        uint8_t changing = n->bytes[i] ^ to;

        if (n->tear == NOR_NOTHING)
                return;
        uint8_t done = n->tear == NOR_SOME ? changing & random_byte(n) : changing;
        n->bytes[i] ^= done;
        if (n->tear != NOR_ONE_BIT) {
                n->weak[i] |= changing & random_byte(n) & random_byte(n);
        } else if (n->weak_bit_due && changing) {
                n->weak[i] |= changing & (uint8_t)-changing;
                n->weak_bit_due = false;
        }
}

static sg_err nor_program_unit(struct nor *n, uint32_t start, const uint8_t *from)
{
        bool torn = interrupted(n);

        assert_true(n->clean[start / n->flash.unit]);
        n->clean[start / n->flash.unit] = false;
        for (uint32_t i = 0; i < n->flash.unit; i++) {
                assert_true(n->bytes[start + i] == 0xff && n->weak[start + i] == 0);
                if (torn)
                        tear_byte(n, start + i, from[i]);
                else
                        n->bytes[start + i] = from[i];
        }
        return torn ? SG_E_IO : SG_OK;
}

static sg_err nor_program(void *ctx, uint32_t block, uint32_t offset, const void *from,
                          uint32_t length)
{
        struct nor *n = ctx;
        uint32_t start = at(n, block, offset, length);
        const uint8_t *bytes = from;

        assert_true(offset % n->flash.unit == 0 && length % n->flash.unit == 0 && length != 0);
        assert_false(n->erasing && n->erase_block == block);
        for (uint32_t i = 0; i < length; i += n->flash.unit) {
                if (n->dead)
                        return SG_E_IO;
                sg_err e = nor_program_unit(n, start + i, bytes + i);
                if (e)
                        return e;
        }
        return SG_OK;
}

static void touch_block(struct nor *n, uint32_t block)
{
        uint32_t units = n->flash.erase_size / n->flash.unit;

        for (uint32_t i = 0; i < units; i++)
                n->clean[block * units + i] = false;
}

static sg_err nor_erase_begin(void *ctx, uint32_t block)
{
        struct nor *n = ctx;

        (void)at(n, block, 0, n->flash.erase_size);
        if (n->dead)
                return SG_E_IO;
        touch_block(n, block);
        n->erasing = true;
        n->erase_block = block;
        n->erase_steps = 0;
        return SG_OK;
}

static void erase_bytes(struct nor *n, bool torn)
{
        uint32_t start = n->erase_block * n->flash.erase_size;

        for (uint32_t i = start; i < start + n->flash.erase_size; i++) {
                if (torn) {
                        tear_byte(n, i, 0xff);
                        continue;
                }
                n->bytes[i] = 0xff;
                n->weak[i] = 0;
        }
}

static sg_err nor_erase_step(void *ctx, bool *done)
{
        struct nor *n = ctx;
        uint32_t units = n->flash.erase_size / n->flash.unit;

        assert_true(n->erasing);
        if (n->dead)
                return SG_E_IO;
        if (interrupted(n)) {
                erase_bytes(n, true);
                n->erasing = false;
                return SG_E_IO;
        }
        *done = ++n->erase_steps == NOR_ERASE_STEPS;
        if (!*done)
                return SG_OK;
        erase_bytes(n, false);
        for (uint32_t i = 0; i < units; i++)
                n->clean[n->erase_block * units + i] = true;
        n->erasing = false;
        return SG_OK;
}

void nor_init(struct nor *n, uint32_t erase_size, uint32_t blocks, uint32_t unit)
{
        assert_true((uint64_t)erase_size * blocks <= NOR_BYTES_MAX);
        memset(n, 0, sizeof(*n));
        memset(n->bytes, 0xff, sizeof(n->bytes));
        memset(n->clean, true, sizeof(n->clean));
        n->seed = 88172645463325252u;
        n->flash = (struct bf_flash){
                .ctx = n,
                .erase_size = erase_size,
                .blocks = blocks,
                .unit = unit,
                .read = nor_read,
                .program = nor_program,
                .erase_begin = nor_erase_begin,
                .erase_step = nor_erase_step,
        };
}

void nor_stop(struct nor *n, uint64_t operation, enum nor_tear tear, bool stays_dead)
{
        n->stop_at = n->operations + operation;
        n->tear = tear;
        n->weak_bit_due = true;
        n->stays_dead = stays_dead;
}

void nor_power_on(struct nor *n, uint64_t seed)
{
        n->seed = (seed * 2 + 1) * 2654435761u;
        n->stop_at = 0;
        n->dead = false;
        n->erasing = false;
}
