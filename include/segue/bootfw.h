/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How hv starts bootfw in a VM. hv writes bootfw's pristine binary and this page into the VM's RAM
 * after that RAM was withdrawn from everybody else, resets the boot vCPU and enters bootfw's first
 * byte at EL1 with the MMU off, DAIF masked and x0 = the page's address.
 *
 *   RAM base                                                                         RAM top
 *   | kernel and its bss ...          | load region: the slot's bytes | DTB  2 MiB | bootfw 2 MiB |
 *
 * The load region ends 4 MiB below the top and is load_size long (a multiple of 2 MiB). bootfw's
 * image stands at the top region's first byte, the info page in the region's last 4 KiB; what is
 * between is bootfw's bss, heap and stack.
 */
#ifndef SEGUE_BOOTFW_H
#define SEGUE_BOOTFW_H

#define BOOTFW_REGION_SIZE 0x200000
#define BOOTFW_DTB_SIZE    0x200000
#define BOOTFW_INFO_OFFSET (BOOTFW_REGION_SIZE - 0x1000)
#define BOOTFW_INFO_MAGIC  0x464f4f42 /* "BOOF" */
#define BOOTFW_MAX_KEYS    4

#ifndef __ASSEMBLER__
#include <assert.h>
#include <stdint.h>

struct bootfw_info {
        uint32_t magic;
        uint32_t key_count;    /* accepted image keys, 2..BOOTFW_MAX_KEYS */
        uint64_t ram_base;     /* IPA */
        uint64_t ram_size;     /* bytes */
        uint64_t image;        /* IPA of the slot's bytes */
        uint64_t image_size;   /* bytes loaded: header to last TLV, or more */
        uint64_t dtb;          /* IPA of the guest's devicetree, with slack behind it */
        uint64_t dtb_size;     /* room for it, bytes */
        uint8_t vendor_id[16]; /* what the image's VID and CID TLVs must say */
        uint8_t class_id[16];
        uint8_t key_hash[BOOTFW_MAX_KEYS][32]; /* SHA-256 of the key's SubjectPublicKeyInfo */
        uint32_t key_size[BOOTFW_MAX_KEYS];    /* of key[], 0 when only the hash is known */
        uint8_t key[BOOTFW_MAX_KEYS][96];      /* SubjectPublicKeyInfo, DER (91 bytes for P-256) */
        uint64_t dtb_at_base; /* not 0: the guest wants its devicetree at RAM base (firmware) */
};
static_assert(sizeof(struct bootfw_info) == 624, "hv and bootfw are built apart");

#endif
#endif
