/* SPDX-License-Identifier: Apache-2.0 */
#include "hv/vdev/vpl011.h"

#define DR         0x000u
#define RSR        0x004u
#define FR         0x018u
#define ILPR       0x020u
#define IBRD       0x024u
#define FBRD       0x028u
#define LCRH       0x02cu
#define CR         0x030u
#define IFLS       0x034u
#define IMSC       0x038u
#define RIS        0x03cu
#define MIS        0x040u
#define ICR        0x044u
#define DMACR      0x048u
#define PERIPH_ID  0xfe0u /* PeriphID0..3, PCellID0..3 */

#define FR_RXFE    (1u << 4)
#define FR_RXFF    (1u << 6)
#define FR_TXFE    (1u << 7)

#define LCRH_FEN   (1u << 4)
#define CR_RESET   0x300u /* transmitter and receiver on, the UART off */
#define IFLS_RESET 0x12u
#define INT_RX     (1u << 4)
#define INT_TX     (1u << 5)
#define INT_RT     (1u << 6)
#define INT_ALL    0x7ffu

#define FIFO_DEPTH 16u

static uint32_t fifo_depth(const struct vpl011 *u)
{
        return u->lcr & LCRH_FEN ? FIFO_DEPTH : 1;
}

/* How many bytes raise the receive interrupt: 1/8, 1/4, 1/2, 3/4 or 7/8 of the FIFO. */
static uint32_t rx_trigger(const struct vpl011 *u)
{
        static const uint8_t level[8] = {2, 4, 8, 12, 14, 14, 14, 14};
        return u->lcr & LCRH_FEN ? level[u->ifls >> 3 & 7] : 1;
}

static void update_line(struct vpl011 *u)
{
        bool level = u->ris & u->imsc;

        if (u->irq == level)
                return;
        u->irq = level;
        u->ops->set_irq(u->ctx, level);
}

/* Reading took bytes away: interrupts whose reason is gone go too. */
static void drop_rx_reasons(struct vpl011 *u)
{
        if (u->rx_count < rx_trigger(u))
                u->ris &= ~INT_RX;
        if (u->rx_count == 0)
                u->ris &= ~INT_RT;
}

/* No line clock runs here, so the timeout of a FIFO that stays below its trigger is over at once.
 */
static void raise_rx_reasons(struct vpl011 *u)
{
        if (u->rx_count >= rx_trigger(u))
                u->ris |= INT_RX;
        if (u->rx_count > 0)
                u->ris |= INT_RT;
}

static uint8_t receive_pop(struct vpl011 *u)
{
        uint8_t byte = 0;

        if (u->rx_count) {
                byte = u->rx[u->rx_head];
                u->rx_head = (u->rx_head + 1) % VPL011_RX_SIZE;
                u->rx_count--;
        }
        drop_rx_reasons(u);
        /* A byte from behind came into the FIFO: as good as received now. Linux clears the
         * interrupts of a port that it opens and reads two FIFOs empty, and there may be more. */
        if (u->rx_count >= fifo_depth(u))
                raise_rx_reasons(u);
        return byte;
}

static uint32_t flags(const struct vpl011 *u)
{
        uint32_t v = FR_TXFE;

        if (u->rx_count == 0)
                v |= FR_RXFE;
        if (u->rx_count >= fifo_depth(u))
                v |= FR_RXFF;
        return v;
}

static uint32_t read_id(unsigned reg)
{
        /* Part 011, designer 41h, revision 1: FIFOs of 16 bytes. */
        static const uint8_t id[8] = {0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
        return id[(reg - PERIPH_ID) / 4];
}

static uint32_t read_register(struct vpl011 *u, unsigned reg)
{
        switch (reg) {
        case DR:
                return receive_pop(u);
        case FR:
                return flags(u);
        case ILPR:
                return u->ilpr;
        case IBRD:
                return u->ibrd;
        case FBRD:
                return u->fbrd;
        case LCRH:
                return u->lcr;
        case CR:
                return u->cr;
        case IFLS:
                return u->ifls;
        case IMSC:
                return u->imsc;
        case RIS:
                return u->ris;
        case MIS:
                return u->ris & u->imsc;
        default:
                /* RSR: no errors here. DMACR: no DMA. */
                return reg >= PERIPH_ID ? read_id(reg) : 0;
        }
}

static void write_register(struct vpl011 *u, unsigned reg, uint32_t value)
{
        switch (reg) {
        case DR:
                u->ops->transmit(u->ctx, (uint8_t)value);
                u->ris |= INT_TX; /* sent already: the FIFO fell through its trigger */
                break;
        case ILPR:
                u->ilpr = value & 0xff;
                break;
        case IBRD:
                u->ibrd = value & 0xffff;
                break;
        case FBRD:
                u->fbrd = value & 0x3f;
                break;
        case LCRH:
                u->lcr = value & 0xff;
                raise_rx_reasons(u);
                drop_rx_reasons(u);
                break;
        case CR:
                u->cr = value & 0xff87;
                break;
        case IFLS:
                u->ifls = value & 0x3f;
                raise_rx_reasons(u);
                drop_rx_reasons(u);
                break;
        case IMSC:
                u->imsc = value & INT_ALL;
                break;
        case ICR:
                u->ris &= ~value;
                break;
        default:
                break;
        }
}

void vpl011_init(struct vpl011 *uart, const struct vpl011_ops *ops, void *ctx)
{
        *uart = (struct vpl011){.ops = ops, .ctx = ctx, .cr = CR_RESET, .ifls = IFLS_RESET};
}

void vpl011_reset(struct vpl011 *u)
{
        spin_lock(&u->lock);
        u->rx_head = u->rx_count = 0;
        u->ris = u->imsc = 0;
        u->cr = CR_RESET;
        u->ifls = IFLS_RESET;
        u->lcr = u->ibrd = u->fbrd = u->ilpr = 0;
        update_line(u);
        spin_unlock(&u->lock);
}

size_t vpl011_receive(struct vpl011 *u, const uint8_t *bytes, size_t size)
{
        size_t n = 0;

        spin_lock(&u->lock);
        for (; n < size && u->rx_count < VPL011_RX_SIZE; n++)
                u->rx[(u->rx_head + u->rx_count++) % VPL011_RX_SIZE] = bytes[n];
        /* Also when nothing fits: the guest has to be told of what waits. */
        if (size) {
                raise_rx_reasons(u);
                update_line(u);
        }
        spin_unlock(&u->lock);
        return n;
}

static enum mmio_result mmio_read(void *dev, unsigned vcpu, uint64_t offset, unsigned size,
                                  uint64_t *value)
{
        struct vpl011 *u = dev;

        (void)vcpu;
        spin_lock(&u->lock);
        *value = read_register(u, (unsigned)offset & ~3u);
        update_line(u);
        spin_unlock(&u->lock);

        /* Registers are words; the other bytes of a wider access are zero. */
        *value >>= (offset & 3) * 8;
        if (size < 4)
                *value &= (1u << (size * 8)) - 1;
        return MMIO_DONE;
}

static bool mmio_write(void *dev, unsigned vcpu, uint64_t offset, unsigned size, uint64_t value)
{
        struct vpl011 *u = dev;

        (void)vcpu;
        (void)size; /* narrow writes arrive zero-extended: the rest of a register has no effect */
        if (offset & 3)
                return true;
        spin_lock(&u->lock);
        write_register(u, (unsigned)offset, (uint32_t)value);
        update_line(u);
        spin_unlock(&u->lock);
        return true;
}

const struct mmio_ops vpl011_mmio = {.read = mmio_read, .write = mmio_write};
