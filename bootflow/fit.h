/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload of a Linux guest's image: a FIT (flattened image tree), read with libfdt and only
 * after the image's signature held, and where its parts go in the guest's memory.
 *
 * What is read (more properties and nodes may stand there; they are not looked at):
 *
 *   / {
 *           images {
 *                   kernel-1  { type = "kernel";  arch = "arm64"; compression = "none"; data =
 * [...]; }; ramdisk-1 { type = "ramdisk"; arch = "arm64"; compression = "none"; data = [...]; };
 *           };
 *           configurations {
 *                   default = "conf-1";
 *                   conf-1 { kernel = "kernel-1"; ramdisk = "ramdisk-1"; bootargs = "..."; };
 *           };
 *   };
 *
 * `default`, `kernel` and each node's type, arch, compression and data are required; ramdisk and
 * bootargs are not. The kernel is an uncompressed arm64 Image. `segue image create` puts the
 * kernel's data first and pads (by the length of /description) so that it stands at a multiple of 4
 * KiB from the image's first byte, header included: a delta keeps pages aligned. The reader asks
 * for 8-byte alignment of the FIT alone, so the image's header size is a multiple of 8.
 */
#ifndef BOOTFLOW_FIT_H
#define BOOTFLOW_FIT_H

#include <stdint.h>

#include <segue/error.h>

#define BF_FIT_MAGIC 0xd00dfeed /* big-endian; what tells a FIT from a raw payload */

/* Pointers into the FIT. */
struct bf_fit {
        const uint8_t *kernel;
        uint32_t kernel_size;
        uint32_t ramdisk_size; /* 0: there is none */
        const uint8_t *ramdisk;
        const char *bootargs; /* "" when there are none */
        uint64_t text_offset; /* from the kernel's Image header */
        uint64_t image_size;  /* memory it takes from its first byte, bss included */
};

/* The FIT stands 8-byte aligned in memory, `size` bytes long or fewer. */
sg_err bf_fit_parse(const void *fit, uint64_t size, struct bf_fit *out);

/* What there is to place, and where; addresses are the guest's. */
struct bf_place_request {
        uint64_t ram_base;
        uint64_t ram_end; /* where the devicetree's region begins: nothing may reach it */
        uint64_t kernel, kernel_size;
        uint64_t ramdisk, ramdisk_size; /* size 0: none */
        uint64_t text_offset, image_size;
};

/* Do it in this order: the ramdisk is moved first (when its address changes), then the kernel;
 * both may overlap their old place. */
struct bf_place {
        uint64_t ramdisk; /* where it ends up; 0: none */
        uint64_t kernel;  /* where it is moved to: also the entry point */
};

/* The kernel goes to the first 2 MiB boundary of RAM + text_offset and gets image_size bytes. The
 * ramdisk stays where it is, unless the kernel needs the place: then it goes up, as high as
 * there is room. SG_E_PLACE_NO_ROOM. */
sg_err bf_place_kernel(const struct bf_place_request *request, struct bf_place *out);

/* A raw payload: where it is copied and entered. load_addr when `ram_load` is not 0, RAM base + 512
 * KiB else. It may overlap its old place. SG_E_PLACE_LOAD_ADDRESS, SG_E_PLACE_NO_ROOM. */
sg_err bf_place_raw(uint64_t ram_base, uint64_t ram_end, int ram_load, uint64_t load_addr,
                    uint64_t size, uint64_t *to);

#endif
