/* SPDX-License-Identifier: Apache-2.0 */
#include "hv/vdev/agent.h"

static void transmit(void *ctx, uint8_t byte)
{
        struct agent *a = ctx;

        if (!ring_put(&a->from_guest, byte))
                a->dropped++;
        if (byte != '\n' && ring_used(&a->from_guest) < AGENT_RING_SIZE / 2)
                return;
        if (!__atomic_exchange_n(&a->told, 1, __ATOMIC_SEQ_CST))
                a->ops->wrote(a->ctx);
}

static void set_irq(void *ctx, bool level)
{
        struct agent *a = ctx;
        a->ops->set_irq(a->ctx, level);
}

static const struct vpl011_ops uart_ops = {.transmit = transmit, .set_irq = set_irq};

void agent_init(struct agent *agent, const struct agent_ops *ops, void *ctx)
{
        agent->ops = ops;
        agent->ctx = ctx;
        ring_init(&agent->from_guest, agent->bytes, AGENT_RING_SIZE);
        vpl011_init(&agent->uart, &uart_ops, agent);
}

void agent_reset(struct agent *agent)
{
        vpl011_reset(&agent->uart);
        /* A line that the old run did not finish must not swallow the new one's first. */
        spin_lock(&agent->uart.lock);
        ring_put(&agent->from_guest, '\n');
        spin_unlock(&agent->uart.lock);
}

size_t agent_read(struct agent *agent, uint8_t *bytes, size_t size)
{
        /* First: who writes after the look at the ring tells again. */
        __atomic_store_n(&agent->told, 0, __ATOMIC_SEQ_CST);

        uint32_t n = ring_used(&agent->from_guest);
        if (n > size)
                n = (uint32_t)size;
        for (uint32_t i = 0; i < n; i++)
                bytes[i] = ring_peek(&agent->from_guest, i);
        ring_drop(&agent->from_guest, n);
        return n;
}

size_t agent_write(struct agent *agent, const uint8_t *bytes, size_t size)
{
        return vpl011_receive(&agent->uart, bytes, size);
}
