/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/models/heap.h"

/* Let what stands at i sink to its place in the heap, which has the last on top. */
static void sink(uint32_t *heap, uint32_t size, uint32_t i, dl_before *before, void *ctx)
{
        uint32_t number = heap[i], child;

        for (; (child = 2 * i + 1) < size; i = child) {
                if (child + 1 < size && before(ctx, heap[child], heap[child + 1]))
                        child++;
                if (!before(ctx, number, heap[child]))
                        break;
                heap[i] = heap[child];
        }
        heap[i] = number;
}

void dl_heap_sort(uint32_t *numbers, uint32_t count, dl_before *before, void *ctx)
{
        for (uint32_t i = count / 2; i-- > 0;)
                sink(numbers, count, i, before, ctx);
        while (count > 1) {
                uint32_t last = numbers[0];
                numbers[0] = numbers[--count];
                numbers[count] = last;
                sink(numbers, count, 0, before, ctx);
        }
}
