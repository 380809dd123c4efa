/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/el1/virtqueue.h"

#include <string.h>

#define DESC_F_NEXT  1u
#define DESC_F_WRITE 2u

#define SLOT(index)  ((index) & (VIRTQUEUE_SIZE - 1))
static_assert(SLOT(VIRTQUEUE_SIZE) == 0, "ring indices wrap at a power of two");

void virtqueue_init(struct virtqueue *queue, struct vq_memory *memory)
{
        memset(queue, 0, sizeof(*queue));
        memset(memory, 0, sizeof(*memory));
        queue->memory = memory;
        queue->free_count = VIRTQUEUE_SIZE;
        for (uint16_t i = 0; i < VIRTQUEUE_SIZE; i++) {
                queue->chain[i] = (uint16_t)SLOT(i + 1u);
        }
}

sg_err virtqueue_add(struct virtqueue *queue, const struct vq_buffer *buffers, unsigned count,
                     uint16_t *head)
{
        struct vq_memory *memory = queue->memory;
        uint16_t at = queue->free_head;

        if (count == 0 || count > queue->free_count) {
                return SG_E_NO_MEMORY;
        }
        *head = at;
        for (unsigned i = 0; i < count; i++) {
                const bool last = i + 1 == count;
                const unsigned flags =
                        (buffers[i].device_writes ? DESC_F_WRITE : 0) | (last ? 0 : DESC_F_NEXT);

                memory->descriptors[at] = (struct vq_descriptor){.address = buffers[i].address,
                                                                 .length = buffers[i].length,
                                                                 .flags = (uint16_t)flags,
                                                                 .next = queue->chain[at]};
                at = queue->chain[at];
        }
        queue->free_head = at;
        queue->free_count = (uint16_t)(queue->free_count - count);
        queue->chain_length[*head] = (uint8_t)count;

        memory->available.ring[SLOT(queue->available_index)] = *head;
        queue->available_index++;
        /* The device may read the entry as soon as it sees the index (2.7.13.3). */
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        __atomic_store_n(&memory->available.index, queue->available_index, __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        return SG_OK;
}

static void release_chain(struct virtqueue *queue, uint16_t head)
{
        uint16_t last = head;

        for (unsigned i = 1; i < queue->chain_length[head]; i++) {
                last = queue->chain[last];
        }
        queue->chain[last] = queue->free_head;
        queue->free_head = head;
        queue->free_count = (uint16_t)(queue->free_count + queue->chain_length[head]);
        queue->chain_length[head] = 0;
}

sg_err virtqueue_take(struct virtqueue *queue, bool *done, uint16_t *head)
{
        struct vq_used *used = &queue->memory->used;
        const uint16_t index = __atomic_load_n(&used->index, __ATOMIC_ACQUIRE);

        *done = false;
        if (index == queue->used_index) {
                return SG_OK;
        }
        const uint32_t id =
                __atomic_load_n(&used->ring[SLOT(queue->used_index)].id, __ATOMIC_RELAXED);

        if ((uint16_t)(index - queue->used_index) > VIRTQUEUE_SIZE || id >= VIRTQUEUE_SIZE ||
            queue->chain_length[id] == 0) {
                return SG_E_DISK_PROTOCOL;
        }
        queue->used_index++;
        *head = (uint16_t)id;
        release_chain(queue, *head);
        *done = true;
        return SG_OK;
}
