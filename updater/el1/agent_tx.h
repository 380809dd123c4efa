/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What waits for room in a guest's agent channel: whole lines, taken or refused as a whole, handed
 * over in pieces as the guest's FIFO takes them. Pure but for its one operation.
 */
#ifndef UPDATER_EL1_AGENT_TX_H
#define UPDATER_EL1_AGENT_TX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <segue/error.h>

#define AGENT_TX_SIZE     512 /* bytes waiting at most: four lines */
#define AGENT_TX_RETRY_MS 20  /* first pause after the FIFO was full; it doubles */
#define AGENT_TX_PAUSE_MS 1280

/* Up to 40 bytes towards the guest; returns how many were taken, 0 for a full FIFO or a refusal. */
typedef size_t (*agent_write)(void *ctx, uint32_t vm, const char *bytes, size_t count);

struct agent_tx {
        agent_write write;
        void *ctx;
        uint32_t vm;
        uint32_t length;
        uint32_t pause_ms;
        uint64_t retry_ms; /* when to try again; only while something waits */
        char bytes[AGENT_TX_SIZE];
};

void agent_tx_init(struct agent_tx *tx, uint32_t vm, agent_write write, void *ctx);

/* Queues a line and its LF, and hands over what goes at once. SG_E_TOO_LARGE: no room. */
sg_err agent_tx_line(struct agent_tx *tx, const char *line, uint64_t now_ms);

/* Hands over what goes. */
void agent_tx_flush(struct agent_tx *tx, uint64_t now_ms);

/* When agent_tx_flush() is due; UINT64_MAX: nothing waits. */
uint64_t agent_tx_deadline_ms(const struct agent_tx *tx);

/* The guest starts anew: what its predecessor did not read is not for it. */
void agent_tx_reset(struct agent_tx *tx);

#endif
