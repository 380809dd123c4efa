// SPDX-License-Identifier: Apache-2.0
/* Where the parts of an image stand: lengths and flags only, nothing that needs cryptography. */
#include "bootflow/image.h"

#include <segue/bytes.h>

#define FLAGS_KNOWN   (BF_IMAGE_F_PIC | BF_IMAGE_F_RAM_LOAD)
#define TLV_INFO_SIZE 4

static sg_err parse_header(const uint8_t header[BF_IMAGE_HEADER_MIN], struct bf_image_layout *l)
{
        if (get_le32(header) != BF_IMAGE_MAGIC)
                return SG_E_IMAGE_MAGIC;
        l->load_addr = get_le32(header + 4);
        l->payload = get_le16(header + 8);
        l->protected_size = get_le16(header + 10);
        l->payload_size = get_le32(header + 12);
        l->flags = get_le32(header + 16);
        l->version.major = header[20];
        l->version.minor = header[21];
        l->version.revision = get_le16(header + 22);
        l->version.build = get_le32(header + 24);
        if (l->payload < BF_IMAGE_HEADER_MIN || l->payload % 8 != 0 || l->payload_size == 0)
                return SG_E_IMAGE_HEADER_SIZE;
        return l->flags & ~(uint32_t)FLAGS_KNOWN ? SG_E_IMAGE_FLAGS : SG_OK;
}

/* Reads the info before a row of TLVs: its magic, and its length with the info included. */
static sg_err read_info(const struct bf_image_source *source, uint64_t at, uint16_t magic,
                        uint32_t *length)
{
        uint8_t info[TLV_INFO_SIZE];

        if (at > source->size || source->size - at < sizeof(info))
                return SG_E_IMAGE_SIZE;
        sg_err e = source->read(source->ctx, at, info, sizeof(info));
        if (e)
                return e;
        if (get_le16(info) != magic)
                return SG_E_IMAGE_TLV_INFO;
        *length = get_le16(info + 2);
        if (*length < TLV_INFO_SIZE)
                return SG_E_IMAGE_TLV_INFO;
        return *length > source->size - at ? SG_E_IMAGE_SIZE : SG_OK;
}

static sg_err read_protected_info(const struct bf_image_source *source,
                                  const struct bf_image_layout *l)
{
        uint32_t length;

        if (l->protected_size == 0)
                return SG_OK;
        sg_err e = read_info(source, l->protected_at, BF_TLV_PROT_INFO_MAGIC, &length);
        if (e)
                return e;
        return length == l->protected_size ? SG_OK : SG_E_IMAGE_TLV_INFO;
}

static sg_err read_layout(const struct bf_image_source *source, struct bf_image_layout *l)
{
        uint8_t header[BF_IMAGE_HEADER_MIN];

        if (source->size < sizeof(header))
                return SG_E_IMAGE_SIZE;
        sg_err e = source->read(source->ctx, 0, header, sizeof(header));
        if (!e)
                e = parse_header(header, l);
        if (e)
                return e;
        uint64_t protected_at = (uint64_t)l->payload + l->payload_size;
        uint64_t tlvs_at = protected_at + l->protected_size;
        if (tlvs_at > source->size || tlvs_at > UINT32_MAX - UINT16_MAX)
                return SG_E_IMAGE_SIZE;
        l->protected_at = (uint32_t)protected_at;
        l->tlvs_at = (uint32_t)tlvs_at;
        e = read_protected_info(source, l);
        if (!e)
                e = read_info(source, tlvs_at, BF_TLV_INFO_MAGIC, &l->tlvs_size);
        l->size = l->tlvs_at + l->tlvs_size;
        return e;
}

sg_err bf_image_read_layout(const struct bf_image_source *source, struct bf_image_layout *layout)
{
        struct bf_image_layout found = {.size = 0};
        sg_err e = read_layout(source, &found);

        *layout = e ? (struct bf_image_layout){.size = 0} : found;
        return e;
}
