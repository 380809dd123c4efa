/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/gpt.h"

#include <segue/bytes.h>
#include <string.h>
#include <zlib.h>

#define REVISION    0x00010000
#define HEADER_SIZE 92
#define ALIGNMENT   (1u << 20)
#define ENTRIES_MAX 1024 /* that the reader goes through */

/* Offsets in the header. */
#define H_REVISION      8
#define H_HEADER_SIZE   12
#define H_HEADER_CRC    16
#define H_MY_LBA        24
#define H_ALTERNATE_LBA 32
#define H_FIRST_USABLE  40
#define H_LAST_USABLE   48
#define H_DISK_GUID     56
#define H_ENTRIES_LBA   72
#define H_ENTRY_COUNT   80
#define H_ENTRY_SIZE    84
#define H_ENTRIES_CRC   88

/* Offsets in an entry. */
#define E_TYPE_GUID   0
#define E_UNIQUE_GUID 16
#define E_FIRST_LBA   32
#define E_LAST_LBA    40
#define E_NAME        56

/* Offsets in the protective MBR. */
#define M_PARTITION 446
#define M_SIGNATURE 510

static const uint8_t signature[8] = {'E', 'F', 'I', ' ', 'P', 'A', 'R', 'T'};

/* 5ec0de00-5e67-4e75-8a11-5e6775650001 */
const uint8_t gpt_type_segue[16] = {0x00, 0xde, 0xc0, 0x5e, 0x67, 0x5e, 0x75, 0x4e,
                                    0x8a, 0x11, 0x5e, 0x67, 0x75, 0x65, 0x00, 0x01};

/* What a header says, once it was checked. */
struct header {
        uint64_t my_lba;
        uint64_t first_usable, last_usable;
        uint64_t entries_lba;
        uint32_t entry_count;
        uint32_t entries_crc;
        uint8_t disk_guid[16];
};

static uint32_t crc(const uint8_t *bytes, size_t count)
{
        return (uint32_t)crc32(0, bytes, (uInt)count);
}

static sg_err check_header_crc(uint8_t *sector, uint32_t sector_size)
{
        uint32_t size = get_le32(sector + H_HEADER_SIZE);
        uint32_t want = get_le32(sector + H_HEADER_CRC);

        if (size < HEADER_SIZE || size > sector_size) {
                return SG_E_GPT_HEADER;
        }
        put_le32(sector + H_HEADER_CRC, 0);
        return crc(sector, size) == want ? SG_OK : SG_E_GPT_HEADER;
}

/* The usable range lies inside the device, and the table of entries outside of the usable range. */
static bool header_in_bounds(const struct header *h, uint64_t sectors, uint32_t sector_size)
{
        uint64_t table =
                ((uint64_t)h->entry_count * GPT_ENTRY_SIZE + sector_size - 1) / sector_size;

        if (h->first_usable > h->last_usable || h->last_usable >= sectors ||
            h->entries_lba >= sectors || table > sectors - h->entries_lba) {
                return false;
        }
        return h->entries_lba + table <= h->first_usable || h->entries_lba > h->last_usable;
}

static sg_err read_header(struct header *h, const struct sector_device *d, uint64_t lba,
                          uint8_t *sector)
{
        sg_err err = d->read(d->ctx, lba, sector, 1);

        if (err != SG_OK) {
                return err;
        }
        if (memcmp(sector, signature, sizeof(signature)) != 0) {
                return SG_E_GPT_NONE;
        }
        if (get_le32(sector + H_REVISION) != REVISION ||
            check_header_crc(sector, d->sector_size) != SG_OK) {
                return SG_E_GPT_HEADER;
        }
        h->my_lba = get_le64(sector + H_MY_LBA);
        h->first_usable = get_le64(sector + H_FIRST_USABLE);
        h->last_usable = get_le64(sector + H_LAST_USABLE);
        h->entries_lba = get_le64(sector + H_ENTRIES_LBA);
        h->entry_count = get_le32(sector + H_ENTRY_COUNT);
        h->entries_crc = get_le32(sector + H_ENTRIES_CRC);
        memcpy(h->disk_guid, sector + H_DISK_GUID, sizeof(h->disk_guid));
        if (h->my_lba != lba || get_le32(sector + H_ENTRY_SIZE) != GPT_ENTRY_SIZE ||
            h->entry_count > ENTRIES_MAX || !header_in_bounds(h, d->sectors, d->sector_size)) {
                return SG_E_GPT_HEADER;
        }
        return SG_OK;
}

/* Names are UTF-16; what is not printable ASCII is kept as '?'. */
static void decode_name(char name[GPT_NAME_MAX + 1], const uint8_t *utf16)
{
        size_t n = 0;

        for (; n < GPT_NAME_MAX; n++) {
                uint16_t unit = get_le16(utf16 + 2 * n);
                if (unit == 0) {
                        break;
                }
                name[n] = unit > 0x20 && unit < 0x7f ? (char)unit : '?';
        }
        name[n] = '\0';
}

static bool clashes(const struct gpt *gpt, const struct gpt_partition *p)
{
        for (uint32_t i = 0; i < gpt->count; i++) {
                const struct gpt_partition *o = &gpt->part[i];
                if ((p->first_lba <= o->last_lba && o->first_lba <= p->last_lba) ||
                    (p->name[0] != '\0' && strcmp(p->name, o->name) == 0)) {
                        return true;
                }
        }
        return false;
}

static sg_err add_entry(struct gpt *gpt, const struct header *h, const uint8_t *entry)
{
        static const uint8_t unused[16];
        struct gpt_partition *p = &gpt->part[gpt->count];

        if (memcmp(entry + E_TYPE_GUID, unused, sizeof(unused)) == 0) {
                return SG_OK;
        }
        if (gpt->count == GPT_PARTS_MAX) {
                return SG_E_GPT_ENTRIES;
        }
        memcpy(p->type_guid, entry + E_TYPE_GUID, sizeof(p->type_guid));
        memcpy(p->unique_guid, entry + E_UNIQUE_GUID, sizeof(p->unique_guid));
        p->first_lba = get_le64(entry + E_FIRST_LBA);
        p->last_lba = get_le64(entry + E_LAST_LBA);
        decode_name(p->name, entry + E_NAME);
        if (p->first_lba < h->first_usable || p->last_lba > h->last_usable ||
            p->first_lba > p->last_lba || clashes(gpt, p)) {
                return SG_E_GPT_ENTRIES;
        }
        gpt->count++;
        return SG_OK;
}

/* One pass: what the entries say counts only when their CRC turns out right. */
static sg_err read_entries(struct gpt *gpt, const struct header *h, const struct sector_device *d,
                           uint8_t *sector)
{
        uint32_t per_sector = d->sector_size / GPT_ENTRY_SIZE;
        sg_err bad_entry = SG_OK;
        uLong sum = crc32(0, NULL, 0);

        gpt->count = 0;
        for (uint32_t i = 0; i < h->entry_count; i += per_sector) {
                sg_err err = d->read(d->ctx, h->entries_lba + i / per_sector, sector, 1);
                if (err != SG_OK) {
                        return err;
                }
                uint32_t n = h->entry_count - i < per_sector ? h->entry_count - i : per_sector;
                sum = crc32(sum, sector, n * GPT_ENTRY_SIZE);
                for (uint32_t k = 0; k < n && bad_entry == SG_OK; k++) {
                        bad_entry = add_entry(gpt, h, sector + k * GPT_ENTRY_SIZE);
                }
        }
        return sum == h->entries_crc ? bad_entry : SG_E_GPT_ENTRIES;
}

static sg_err read_table(struct gpt *gpt, const struct sector_device *d, uint64_t lba,
                         uint8_t *scratch)
{
        struct header h;
        sg_err err = read_header(&h, d, lba, scratch);

        if (err == SG_OK) {
                memcpy(gpt->disk_guid, h.disk_guid, sizeof(gpt->disk_guid));
                err = read_entries(gpt, &h, d, scratch);
        }
        if (err != SG_OK) {
                gpt->count = 0;
        }
        return err;
}

sg_err gpt_read(struct gpt *gpt, const struct sector_device *device, uint8_t *scratch)
{
        memset(gpt, 0, sizeof(*gpt));
        gpt->sector_size = device->sector_size;
        gpt->sectors = device->sectors;
        if (device->sectors < 3) {
                return SG_E_GPT_NONE;
        }
        sg_err err = read_table(gpt, device, 1, scratch);
        if (err == SG_OK) {
                return SG_OK;
        }
        if (read_table(gpt, device, device->sectors - 1, scratch) == SG_OK) {
                gpt->backup = true;
                return SG_OK;
        }
        return err;
}

const struct gpt_partition *gpt_find(const struct gpt *gpt, const char *name)
{
        for (uint32_t i = 0; i < gpt->count; i++) {
                if (strcmp(gpt->part[i].name, name) == 0) {
                        return &gpt->part[i];
                }
        }
        return NULL;
}

static uint32_t table_sectors(const struct gpt *gpt)
{
        return GPT_ENTRIES * GPT_ENTRY_SIZE / gpt->sector_size;
}

/* Protective MBR, header and table before the usable range; table and header behind it. */
static uint64_t first_usable(const struct gpt *gpt)
{
        return 2 + table_sectors(gpt);
}

static uint64_t last_usable(const struct gpt *gpt)
{
        return gpt->sectors - 2 - table_sectors(gpt);
}

sg_err gpt_layout(struct gpt *gpt)
{
        uint64_t align = ALIGNMENT / gpt->sector_size;
        uint64_t next = first_usable(gpt);

        if (gpt->sectors < 2 * first_usable(gpt)) {
                return SG_E_GPT_LAYOUT;
        }
        for (uint32_t i = 0; i < gpt->count; i++) {
                struct gpt_partition *p = &gpt->part[i];
                uint64_t size = p->last_lba;
                next = (next + align - 1) / align * align;
                if (next > last_usable(gpt) || size == 0 || size > last_usable(gpt) - next + 1) {
                        return SG_E_GPT_LAYOUT;
                }
                p->first_lba = next;
                p->last_lba = next + size - 1;
                next += size;
        }
        return SG_OK;
}

static void encode_entry(uint8_t *entry, const struct gpt_partition *p)
{
        memcpy(entry + E_TYPE_GUID, p->type_guid, sizeof(p->type_guid));
        memcpy(entry + E_UNIQUE_GUID, p->unique_guid, sizeof(p->unique_guid));
        put_le64(entry + E_FIRST_LBA, p->first_lba);
        put_le64(entry + E_LAST_LBA, p->last_lba);
        for (size_t i = 0; p->name[i] != '\0'; i++) {
                put_le16(entry + E_NAME + 2 * i, (uint8_t)p->name[i]);
        }
}

static void encode_table_sector(const struct gpt *gpt, uint32_t index, uint8_t *sector)
{
        uint32_t per_sector = gpt->sector_size / GPT_ENTRY_SIZE;

        memset(sector, 0, gpt->sector_size);
        for (uint32_t k = 0; k < per_sector && index * per_sector + k < gpt->count; k++) {
                encode_entry(sector + k * GPT_ENTRY_SIZE, &gpt->part[index * per_sector + k]);
        }
}

static sg_err write_table(const struct gpt *gpt, const struct sector_device *d, uint64_t header,
                          uint64_t alternate, uint64_t entries, uint8_t *scratch)
{
        uLong sum = crc32(0, NULL, 0);

        for (uint32_t i = 0; i < table_sectors(gpt); i++) {
                encode_table_sector(gpt, i, scratch);
                sum = crc32(sum, scratch, gpt->sector_size);
                sg_err err = d->write(d->ctx, entries + i, scratch, 1);
                if (err != SG_OK) {
                        return err;
                }
        }
        memset(scratch, 0, gpt->sector_size);
        memcpy(scratch, signature, sizeof(signature));
        put_le32(scratch + H_REVISION, REVISION);
        put_le32(scratch + H_HEADER_SIZE, HEADER_SIZE);
        put_le64(scratch + H_MY_LBA, header);
        put_le64(scratch + H_ALTERNATE_LBA, alternate);
        put_le64(scratch + H_FIRST_USABLE, first_usable(gpt));
        put_le64(scratch + H_LAST_USABLE, last_usable(gpt));
        memcpy(scratch + H_DISK_GUID, gpt->disk_guid, sizeof(gpt->disk_guid));
        put_le64(scratch + H_ENTRIES_LBA, entries);
        put_le32(scratch + H_ENTRY_COUNT, GPT_ENTRIES);
        put_le32(scratch + H_ENTRY_SIZE, GPT_ENTRY_SIZE);
        put_le32(scratch + H_ENTRIES_CRC, (uint32_t)sum);
        put_le32(scratch + H_HEADER_CRC, crc(scratch, HEADER_SIZE));
        return d->write(d->ctx, header, scratch, 1);
}

/* One partition of type 0xee over the whole disk, so that old tools keep their hands off. */
static sg_err write_mbr(const struct gpt *gpt, const struct sector_device *d, uint8_t *scratch)
{
        uint64_t size = gpt->sectors - 1;
        uint8_t *entry = scratch + M_PARTITION;

        memset(scratch, 0, gpt->sector_size);
        entry[2] = 0x02; /* first CHS: 0/0/2 */
        entry[4] = 0xee;
        memset(entry + 5, 0xff, 3);
        put_le32(entry + 8, 1);
        put_le32(entry + 12, size > UINT32_MAX ? UINT32_MAX : (uint32_t)size);
        put_le16(scratch + M_SIGNATURE, 0xaa55);
        return d->write(d->ctx, 0, scratch, 1);
}

sg_err gpt_write(const struct gpt *gpt, const struct sector_device *device, uint8_t *scratch)
{
        uint64_t last = gpt->sectors - 1;

        sg_err err = write_mbr(gpt, device, scratch);
        if (err == SG_OK) {
                err = write_table(gpt, device, last, 1, last_usable(gpt) + 1, scratch);
        }
        if (err == SG_OK) {
                err = device->flush(device->ctx);
        }
        if (err == SG_OK) {
                err = write_table(gpt, device, 1, last, 2, scratch);
        }
        return err == SG_OK ? device->flush(device->ctx) : err;
}
