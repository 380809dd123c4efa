// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/kernel_seed.h"

#include "tests/unit/synthetic_kernel.h"

size_t kernel_seed(unsigned version, uint8_t *to, size_t max)
{
        const struct synthetic s = {.version = version};
        struct buffer kernel = synthetic_kernel(&s);
        size_t size = kernel.size;

        assert_true(size <= max);
        memcpy(to, kernel.data, size);
        free(kernel.data);
        return size;
}
