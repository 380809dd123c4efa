/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/el1/agent_tx.h"

#include <string.h>

#define PIECE_MAX 40 /* SG_HC_AGENT_WRITE */

void agent_tx_init(struct agent_tx *tx, uint32_t vm, agent_write write, void *ctx)
{
        tx->write = write;
        tx->ctx = ctx;
        tx->vm = vm;
        agent_tx_reset(tx);
}

void agent_tx_reset(struct agent_tx *tx)
{
        tx->length = 0;
        tx->pause_ms = AGENT_TX_RETRY_MS;
        tx->retry_ms = UINT64_MAX;
}

/* A guest that does not read is asked less and less often. */
static void pause(struct agent_tx *tx, uint64_t now_ms)
{
        tx->retry_ms = now_ms + tx->pause_ms;
        if (tx->pause_ms < AGENT_TX_PAUSE_MS) {
                tx->pause_ms *= 2;
        }
}

void agent_tx_flush(struct agent_tx *tx, uint64_t now_ms)
{
        uint32_t sent = 0;

        while (sent < tx->length) {
                const uint32_t left = tx->length - sent;
                const uint32_t piece = left < PIECE_MAX ? left : PIECE_MAX;
                const uint32_t taken =
                        (uint32_t)tx->write(tx->ctx, tx->vm, tx->bytes + sent, piece);

                if (taken == 0) {
                        break;
                }
                sent += taken;
        }
        if (sent == tx->length) {
                agent_tx_reset(tx);
                return;
        }
        if (sent != 0) {
                memmove(tx->bytes, tx->bytes + sent, tx->length - sent);
                tx->length -= sent;
                tx->pause_ms = AGENT_TX_RETRY_MS;
        }
        pause(tx, now_ms);
}

sg_err agent_tx_line(struct agent_tx *tx, const char *line, uint64_t now_ms)
{
        const size_t length = strlen(line);

        if (length >= AGENT_TX_SIZE - tx->length) {
                return SG_E_TOO_LARGE;
        }
        memcpy(tx->bytes + tx->length, line, length);
        tx->bytes[tx->length + length] = '\n';
        tx->length += (uint32_t)length + 1;
        agent_tx_flush(tx, now_ms);
        return SG_OK;
}

uint64_t agent_tx_deadline_ms(const struct agent_tx *tx)
{
        return tx->length == 0 ? UINT64_MAX : tx->retry_ms;
}
