/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder of Segue's delta format (docs/delta.md): rebuilds a new image from an old one and a
 * patch, one segment at a time, in bounded memory. Portable: no malloc, no stdio, no globals.
 *
 *   1. read the first DL_HEADER_SIZE bytes of the patch, dl_header_parse(): sizes, digests and the
 *      memory needed; the caller refuses what is above its own limits;
 *   2. hash the old image; dl_open() refuses another digest than the header's. Nothing has been
 *      written by then;
 *   3. dl_step() until SG_OK with *done; after each step dl_checkpoint_save() describes the
 * progress;
 *   4. hash the new image; dl_finish() refuses another digest than the header's.
 *
 * Chunks: a patch is cut into consecutive chunks without gaps. Chunk 0 holds the header and the
 * maps, chunk i + 1 segment i. dl_open() reads chunk 0 only, and each dl_step() reads the chunk of
 * its segment only, so a caller can authenticate one chunk at a time before it is decoded. No chunk
 * is longer than DL_CHUNK_MAX; chunks can be empty.
 *
 * The old image must not change until the last step. Segments are written in order, each byte of
 * the output at least once; a kernel's relocation table is also written ahead of and behind the
 * current segment. A segment can be repeated after a power cut: it writes the same bytes again.
 */
#ifndef SEGUE_DELTA_H
#define SEGUE_DELTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <segue/error.h>

#define DL_HEADER_SIZE  160u                       /* bytes */
#define DL_DIGEST_SIZE  32u                        /* SHA-256 */
#define DL_SEGMENT_SIZE (1u << 20)                 /* output bytes of each segment but the last */
#define DL_CHUNK_MAX    ((1u << 20) + (64u << 10)) /* bytes of one chunk */
#define DL_IMAGE_MAX    0x7fffffffu                /* bytes of the old and of the new image */
#define DL_RAM_MIN      (336u << 10) /* arena limit that dl_create() keeps for any images */
#define DL_RAM_DEFAULT  (1u << 20)   /* arena limit of dl_create() without kernel models */
#define DL_RAM_KERNEL   (8u << 20)   /* and with them */
#define DL_ARENA_ALIGN  16u          /* alignment of the arena that the caller gives */

/*
 * Positions count from the start of the file. A call transfers all of len bytes or fails. new_read
 * gives what new_write wrote, flushed or not, and what was durable at the checkpoint.
 */
struct dl_ops {
        void *ctx;
        sg_err (*patch_read)(void *ctx, uint64_t off, void *buf, size_t len);
        sg_err (*old_read)(void *ctx, uint64_t off, void *buf, size_t len);
        sg_err (*new_read)(void *ctx, uint64_t off, void *buf, size_t len);
        sg_err (*new_write)(void *ctx, uint64_t off, const void *buf, size_t len);
};

enum dl_codec {
        DL_CODEC_ZLIB = 1, /* raw deflate, 32 KiB window */
};

/* The header, checked and in the machine's own form. */
struct dl_header {
        uint64_t from_size;
        uint64_t to_size;
        uint8_t from_digest[DL_DIGEST_SIZE];
        uint8_t to_digest[DL_DIGEST_SIZE];
        uint64_t patch_size; /* the caller refuses a file of another size: SG_E_DELTA_LENGTH */
        uint32_t arena_size; /* bytes that dl_open() needs, exactly: a multiple of DL_ARENA_ALIGN */
        uint32_t segment_count; /* of DL_SEGMENT_SIZE output bytes, the last one shorter */
        uint32_t chunk_count;   /* segment_count + 1 */
        uint32_t chunk0_size;   /* bytes of header, segment table and maps */
        uint32_t table_size;    /* bytes of the segment table; 0: every other chunk is empty */
        uint32_t codec;         /* enum dl_codec */
        uint32_t flags;         /* internal */
        uint32_t section_count; /* maps in chunk 0 */
        uint32_t body_crc;      /* of section directory and segment table */
        uint32_t crc;           /* of the header: tells patches apart */
};

/*
 * Check and take apart the first DL_HEADER_SIZE bytes of a patch. Errors: SG_E_DELTA_MAGIC,
 * SG_E_DELTA_VERSION, SG_E_DELTA_HEADER, SG_E_DELTA_CODEC.
 */
sg_err dl_header_parse(const uint8_t bytes[DL_HEADER_SIZE], struct dl_header *header);

/*
 * Where chunk i of the patch stands, i < header->chunk_count. Uses patch_read on chunk 0 only.
 * SG_E_DELTA_TABLE when the table is out of order or beyond the patch.
 */
sg_err dl_chunk(const struct dl_ops *ops, const struct dl_header *header, uint32_t i,
                uint64_t *offset, uint32_t *length);

/* A decoder at work; it lives at the start of the arena. */
struct dl;

/*
 * What must survive a power cut: plain little-endian bytes, valid in any later build. It says how
 * many segments of which patch are durable in the output; the rest is rebuilt from the patch.
 */
#define DL_CHECKPOINT_SIZE 64u
struct dl_checkpoint {
        uint8_t bytes[DL_CHECKPOINT_SIZE];
};

/* SG_E_DELTA_CHECKPOINT when it is damaged or of another patch, as dl_open() says, too. */
sg_err dl_checkpoint_check(const struct dl_header *header, const struct dl_checkpoint *checkpoint);

/*
 * Open a patch: read and check its maps. `arena` has header->arena_size bytes, aligned to
 * DL_ARENA_ALIGN, and stays the decoder's until the caller drops it; there is nothing to close.
 * `from_digest` is the SHA-256 that the caller has computed over the old image of `from_size`
 * bytes; SG_E_DELTA_WRONG_BASE when either is not the header's. `resume` is NULL or a checkpoint of
 * this patch, from which the work goes on; SG_E_DELTA_CHECKPOINT when it is of another patch or
 * damaged. Writes nothing.
 */
sg_err dl_open(struct dl **dl, const struct dl_ops *ops, const struct dl_header *header,
               void *arena, uint64_t from_size, const uint8_t from_digest[DL_DIGEST_SIZE],
               const struct dl_checkpoint *resume);

/* The segment that the next dl_step() decodes; equal to header->segment_count at the end. */
uint32_t dl_segment(const struct dl *dl);

/*
 * Decode the next segment: reads its chunk, writes its output. *done: it was the last, or there was
 * none left. After an error the decoder refuses any further step with the same error.
 */
sg_err dl_step(struct dl *dl, bool *done);

/* Describe the progress after the last successful step (or after dl_open()). */
void dl_checkpoint_save(const struct dl *dl, struct dl_checkpoint *checkpoint);

/*
 * The end: `to_digest` is the SHA-256 that the caller has computed over the whole new image.
 * SG_E_DELTA_UNFINISHED when segments are left, SG_E_DELTA_WRONG_RESULT for another digest.
 */
sg_err dl_finish(const struct dl *dl, const uint8_t to_digest[DL_DIGEST_SIZE]);

/* What a patch is made of, for people: one row per map in chunk 0 and per stream of the segments.
 */
#define DL_INFO_ROWS  24u
#define DL_INFO_NOTES 8u
struct dl_info {
        uint32_t rows;
        struct dl_info_row {
                const char *name; /* lower case, stable */
                uint64_t bytes;   /* compressed, in the patch */
                uint64_t raw;     /* before compression; 0 where the format does not say */
        } row[DL_INFO_ROWS];      /* the bytes add up to patch_size */
        uint32_t notes;
        const char *note[DL_INFO_NOTES]; /* what was given up or not found, and why */
};

/* Reads the whole patch, and refuses by the same errors what dl_open() and dl_step() refuse before
 * they unpack anything. It takes some 40 KiB of stack. */
sg_err dl_info(const struct dl_ops *ops, const struct dl_header *header, struct dl_info *info);

#endif
