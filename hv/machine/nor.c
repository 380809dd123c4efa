/* SPDX-License-Identifier: Apache-2.0 */
/* Commands, status and suspension. The tables are read in nor_cfi.c. */
#include "hv/machine/nor.h"

#include <segue/bytes.h>

#include "hv/machine/nor_cmd.h"

static uint32_t word(const struct nor *nor, uint32_t offset)
{
        return nor->bus.read(nor->bus.ctx, offset);
}

static uint64_t now(const struct nor *nor)
{
        return nor->bus.now_us(nor->bus.ctx);
}

void nor_command(const struct nor *nor, uint32_t offset, uint32_t command)
{
        nor->bus.write(nor->bus.ctx, offset, command * nor->every);
}

/* Leaves the status register; what stands in the array can be read. */
static void read_array(const struct nor *nor)
{
        nor_command(nor, 0, NOR_READ_ARRAY);
}

/* All chips have the bit. */
static bool all(const struct nor *nor, uint32_t status, uint32_t bit)
{
        return (status & bit * nor->every) == bit * nor->every;
}

/* Waits until all chips are ready; false: they were not by then. The chips show their status. */
static bool wait_ready(const struct nor *nor, uint32_t offset, uint64_t end, uint32_t *status)
{
        do {
                *status = word(nor, offset);
                if (all(nor, *status, NOR_SR_READY))
                        return true;
        } while (now(nor) < end);
        *status = word(nor, offset);
        return all(nor, *status, NOR_SR_READY);
}

static bool failed(const struct nor *nor, uint32_t status)
{
        return status & NOR_SR_ERRORS * nor->every;
}

/* Back from status to array, errors forgotten. */
static void finish(const struct nor *nor)
{
        nor_command(nor, 0, NOR_CLEAR_STATUS);
        read_array(nor);
}

/* The erase is at its end and the chips show their status. If it failed, its next step says so. */
static void erase_ended(struct nor *nor, uint32_t status)
{
        nor->erase = failed(nor, status) ? NOR_ERASE_NONE : NOR_ERASE_CHECK;
        nor->erase_at = 0;
        finish(nor);
}

/* false: it does not end, and nothing else can be done with the chips. */
static bool erase_wait(struct nor *nor)
{
        uint32_t status;

        nor_command(nor, nor->erase_block, NOR_READ_STATUS);
        if (!wait_ready(nor, nor->erase_block, nor->erase_end, &status))
                return false;
        erase_ended(nor, status);
        return true;
}

/*
 * Makes the array usable while an erase runs: suspends it, or where the chips cannot, waits for
 * its end. false: neither worked. *left: what resume() is to give it; 0: there is nothing to
 * resume.
 */
static bool suspend(struct nor *nor, bool to_program, uint64_t *left)
{
        uint32_t status;

        *left = 0;
        if (nor->erase != NOR_ERASE_RUNS)
                return true;
        if (!nor->can_suspend || (to_program && !nor->can_program))
                return erase_wait(nor);

        nor_command(nor, nor->erase_block, NOR_READ_STATUS);
        if (all(nor, word(nor, nor->erase_block), NOR_SR_READY))
                return erase_wait(nor);
        nor_command(nor, nor->erase_block, NOR_SUSPEND);
        nor_command(nor, nor->erase_block, NOR_READ_STATUS);
        if (!wait_ready(nor, nor->erase_block, now(nor) + NOR_SUSPEND_US, &status))
                return false;
        if (!(status & NOR_SR_SUSPENDED * nor->every)) { /* it came to its end first */
                erase_ended(nor, status);
                return true;
        }
        uint64_t at = now(nor);
        *left = nor->erase_end > at ? nor->erase_end - at : 1;
        read_array(nor);
        return true;
}

static void resume(struct nor *nor, uint64_t left)
{
        if (!left)
                return;
        nor_command(nor, nor->erase_block, NOR_CONFIRM);
        nor->erase_end = now(nor) + left;
}

static bool inside(const struct nor *nor, uint32_t offset, uint32_t size)
{
        return offset <= nor->size && size <= nor->size - offset;
}

static void read_bytes(const struct nor *nor, uint32_t offset, uint8_t *to, uint32_t size)
{
        for (uint32_t i = 0; i < size;) {
                uint32_t value = word(nor, (offset + i) & ~3u) >> (offset + i) % 4 * 8;
                do {
                        to[i++] = (uint8_t)value;
                        value >>= 8;
                } while (i < size && (offset + i) % 4);
        }
}

sg_err nor_read(struct nor *nor, uint32_t offset, void *to, uint32_t size)
{
        uint64_t left;

        if (!inside(nor, offset, size))
                return SG_E_BAD_ARGUMENT;
        if (!suspend(nor, false, &left))
                return SG_E_NOR_ERASE;
        read_bytes(nor, offset, to, size);
        resume(nor, left);
        return SG_OK;
}

static bool blank(const struct nor *nor, uint32_t offset, uint32_t size)
{
        for (uint32_t i = 0; i < size; i += NOR_UNIT) {
                if (word(nor, offset + i) != NOR_BLANK)
                        return false;
        }
        return true;
}

/* Blocks of such chips are locked again by every reset; unlocking does not need undoing. */
static sg_err unlock(const struct nor *nor, uint32_t offset, sg_err otherwise)
{
        uint32_t status;

        if (!nor->locked)
                return SG_OK;
        nor_command(nor, offset, NOR_LOCKING);
        nor_command(nor, offset, NOR_CONFIRM);
        nor_command(nor, offset, NOR_READ_STATUS);
        bool ok = wait_ready(nor, offset, now(nor) + nor->program_us, &status) &&
                  !failed(nor, status);
        finish(nor);
        return ok ? SG_OK : otherwise;
}

/* Hands the chips what they program next. */
static void put_units(const struct nor *nor, uint32_t offset, const uint8_t *from, uint32_t size)
{
        if (nor->buffer == NOR_UNIT) {
                nor_command(nor, offset, NOR_PROGRAM);
        } else {
                nor_command(nor, offset, NOR_BUFFER);
                nor_command(nor, offset, size / NOR_UNIT - 1);
        }
        for (uint32_t i = 0; i < size; i += NOR_UNIT)
                nor->bus.write(nor->bus.ctx, offset + i, get_le32(from + i));
        if (nor->buffer != NOR_UNIT)
                nor_command(nor, offset, NOR_CONFIRM);
}

static bool all_blank(const uint8_t *from, uint32_t size)
{
        for (uint32_t i = 0; i < size; i++) {
                if (from[i] != 0xff)
                        return false;
        }
        return true;
}

/* Within one block, which is unlocked. */
static sg_err program_block(const struct nor *nor, uint32_t offset, const uint8_t *from,
                            uint32_t size)
{
        sg_err e = SG_OK;

        for (uint32_t i = 0, part; i < size && e == SG_OK; i += part) {
                uint32_t status;

                part = nor->buffer - (offset + i) % nor->buffer;
                if (part > size - i)
                        part = size - i;
                if (all_blank(from + i, part))
                        continue;
                put_units(nor, offset + i, from + i, part);
                if (!wait_ready(nor, offset + i, now(nor) + nor->program_us, &status) ||
                    failed(nor, status))
                        e = SG_E_NOR_PROGRAM;
        }
        finish(nor);
        for (uint32_t i = 0; i < size && e == SG_OK; i += NOR_UNIT) {
                if (word(nor, offset + i) != get_le32(from + i))
                        e = SG_E_NOR_PROGRAM;
        }
        return e;
}

static sg_err program(const struct nor *nor, uint32_t offset, const uint8_t *from, uint32_t size)
{
        if (!blank(nor, offset, size))
                return SG_E_STATE_NOT_BLANK;
        while (size) {
                uint32_t part = nor->block_size - offset % nor->block_size;
                if (part > size)
                        part = size;
                sg_err e = unlock(nor, offset, SG_E_NOR_PROGRAM);
                if (e == SG_OK)
                        e = program_block(nor, offset, from, part);
                if (e != SG_OK)
                        return e;
                offset += part;
                from += part;
                size -= part;
        }
        return SG_OK;
}

sg_err nor_program(struct nor *nor, uint32_t offset, const void *from, uint32_t size)
{
        uint64_t left;

        if (!inside(nor, offset, size) || (offset | size) % NOR_UNIT)
                return SG_E_BAD_ARGUMENT;
        if (!suspend(nor, true, &left))
                return SG_E_NOR_ERASE;
        sg_err e = program(nor, offset, from, size);
        resume(nor, left);
        return e;
}

sg_err nor_erase_begin(struct nor *nor, uint32_t offset)
{
        if (!inside(nor, offset, nor->block_size) || offset % nor->block_size)
                return SG_E_BAD_ARGUMENT;
        /* Chips cannot begin a second erase: the first comes to its end, however it does. */
        if (nor->erase == NOR_ERASE_RUNS && !erase_wait(nor))
                return SG_E_NOR_ERASE;
        nor->erase = NOR_ERASE_NONE;

        sg_err e = unlock(nor, offset, SG_E_NOR_ERASE);
        if (e != SG_OK)
                return e;
        nor_command(nor, offset, NOR_ERASE);
        nor_command(nor, offset, NOR_CONFIRM);
        nor->erase = NOR_ERASE_RUNS;
        nor->erase_block = offset;
        nor->erase_end = now(nor) + nor->erase_us;
        return SG_OK;
}

/* One look at the chips. */
static sg_err step_run(struct nor *nor)
{
        nor_command(nor, nor->erase_block, NOR_READ_STATUS);
        uint32_t status = word(nor, nor->erase_block);

        if (!all(nor, status, NOR_SR_READY))
                return now(nor) < nor->erase_end ? SG_OK : SG_E_NOR_ERASE;
        erase_ended(nor, status);
        return nor->erase == NOR_ERASE_CHECK ? SG_OK : SG_E_NOR_ERASE;
}

static sg_err step_check(struct nor *nor, bool *done)
{
        uint32_t left = nor->block_size - nor->erase_at;
        uint32_t size = left < NOR_STEP_WORDS * NOR_UNIT ? left : NOR_STEP_WORDS * NOR_UNIT;

        if (!blank(nor, nor->erase_block + nor->erase_at, size)) {
                nor->erase = NOR_ERASE_NONE;
                return SG_E_NOR_ERASE;
        }
        nor->erase_at += size;
        if (nor->erase_at == nor->block_size) {
                nor->erase = NOR_ERASE_NONE;
                *done = true;
        }
        return SG_OK;
}

sg_err nor_erase_step(struct nor *nor, bool *done)
{
        *done = false;
        switch (nor->erase) {
        case NOR_ERASE_RUNS:
                return step_run(nor);
        case NOR_ERASE_CHECK:
                return step_check(nor, done);
        case NOR_ERASE_NONE:
        default:
                return SG_E_NOR_ERASE; /* it failed before, or none was begun */
        }
}
