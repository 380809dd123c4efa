/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed images in MCUboot's format: header, payload, protected TLVs, TLVs with the SHA-256 and the
 * ECDSA P-256 signature. What a slot holds is such an image and, behind it, bytes that nobody looks
 * at. docs/image.md describes the format as it is used here.
 */
#ifndef BOOTFLOW_IMAGE_H
#define BOOTFLOW_IMAGE_H

#include <stdint.h>

#include <segue/error.h>

#define BF_IMAGE_MAGIC           0x96f3b83d
#define BF_IMAGE_HEADER_MIN      32
#define BF_IMAGE_F_PIC           0x00000001
#define BF_IMAGE_F_ENCRYPTED_128 0x00000004 /* refused */
#define BF_IMAGE_F_ENCRYPTED_256 0x00000008 /* refused */
#define BF_IMAGE_F_NON_BOOTABLE  0x00000010 /* refused */
#define BF_IMAGE_F_RAM_LOAD      0x00000020 /* a raw payload is copied to load_addr */
#define BF_IMAGE_F_ROM_FIXED     0x00000100 /* refused */
#define BF_IMAGE_F_COMPRESSED    0x00000e00 /* refused: LZMA1, LZMA2, ARM/Thumb filter */

#define BF_TLV_INFO_MAGIC        0x6907
#define BF_TLV_PROT_INFO_MAGIC   0x6908
#define BF_TLV_KEY_HASH          0x01 /* SHA-256 of the SubjectPublicKeyInfo */
#define BF_TLV_PUBLIC_KEY        0x02 /* the SubjectPublicKeyInfo, DER */
#define BF_TLV_SHA256            0x10 /* of header, payload and protected TLVs */
#define BF_TLV_ECDSA_SIGNATURE   0x22 /* DER, over that SHA-256 */
#define BF_TLV_DEPENDENCY        0x40
#define BF_TLV_SECURITY_COUNT    0x50 /* 4 bytes, protected */
#define BF_TLV_VENDOR_ID         0x74 /* 16 bytes, protected */
#define BF_TLV_CLASS_ID          0x75 /* 16 bytes, protected */

#define BF_PUBLIC_KEY_MAX        96 /* bytes of a SubjectPublicKeyInfo */
#define BF_ID_SIZE               16

struct bf_image_version {
        uint8_t major, minor;
        uint16_t revision;
        uint32_t build;
};

/* Where everything stands; offsets from the image's first byte. */
struct bf_image_layout {
        uint32_t load_addr;
        uint32_t flags; /* BF_IMAGE_F_* */
        struct bf_image_version version;
        uint32_t payload; /* = the header's size */
        uint32_t payload_size;
        uint32_t protected_at; /* the protected TLVs' info, when protected_size is not 0 */
        uint32_t protected_size;
        uint32_t tlvs_at;   /* the TLVs' info */
        uint32_t tlvs_size; /* info included */
        uint32_t size;      /* header to last TLV: the slot digest covers this */
};

/* How the bytes are reached: by an offset from the image's first byte. */
struct bf_image_source {
        void *ctx;
        uint64_t size; /* of the slot, or of what is in memory */
        sg_err (*read)(void *ctx, uint64_t offset, void *to, uint32_t length);
};

/* Reads header and TLV infos (three small reads). Checks lengths and flags, nothing else: says
 * nothing about who made the image. The slot digest is SHA-256 over the first layout->size bytes.
 */
sg_err bf_image_read_layout(const struct bf_image_source *source, struct bf_image_layout *layout);

struct bf_image_key {
        uint8_t hash[32]; /* SHA-256 of the SubjectPublicKeyInfo */
        const uint8_t
                *der; /* the SubjectPublicKeyInfo itself, or NULL: then the image must bring it */
        uint32_t der_size;
};

/* What an image must satisfy. */
struct bf_image_policy {
        const struct bf_image_key *keys;
        uint32_t key_count;
        const uint8_t *vendor_id; /* BF_ID_SIZE bytes; NULL: any (host tools only) */
        const uint8_t *class_id;
};

/* What an accepted image says. */
struct bf_image_info {
        struct bf_image_layout layout;
        uint8_t digest[32]; /* slot digest: header to last TLV */
        uint8_t sha256[32]; /* the one that is signed: header to protected TLVs */
        uint32_t counter;   /* security counter */
        uint8_t vendor_id[BF_ID_SIZE];
        uint8_t class_id[BF_ID_SIZE];
        uint32_t key; /* index in the policy's keys */
};

/* Checks the image that stands in memory, `size` bytes or fewer long. On SG_OK info is complete; on
 * an error it is zero. Uses Mbed TLS, whose allocator the caller has set up. */
sg_err bf_image_verify(const uint8_t *image, uint64_t size, const struct bf_image_policy *policy,
                       struct bf_image_info *info);

/* Layout and claims of an image in memory, unverified: for `segue image info` only. */
sg_err bf_image_inspect(const uint8_t *image, uint64_t size, struct bf_image_info *info);

#endif
