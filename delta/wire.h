/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The format's layout (docs/delta.md), shared by decoder and encoder. All integers are
 * little-endian. A varint has 7 bits per byte, the lowest first, at most 5 bytes.
 *
 *   header | section directory | segment table | sections | segment 0 | segment 1 ...
 */
#ifndef SEGUE_DELTA_WIRE_H
#define SEGUE_DELTA_WIRE_H

#include <string.h>

#include "delta/delta.h"

#define DL_MAGIC   "SGDELTA1"
#define DL_VERSION 3u

/* Byte offsets in the header. */
enum {
        DL_H_MAGIC = 0,
        DL_H_VERSION = 8,
        DL_H_FLAGS = 12,
        DL_H_FROM_SIZE = 16,
        DL_H_TO_SIZE = 24,
        DL_H_FROM_DIGEST = 32,
        DL_H_TO_DIGEST = 64,
        DL_H_PATCH_SIZE = 96,
        DL_H_ARENA_SIZE = 104,
        DL_H_SEGMENT_COUNT = 108,
        DL_H_CHUNK0_SIZE = 112,
        DL_H_TABLE_SIZE = 116,
        DL_H_SECTION_COUNT = 120,
        DL_H_CODEC = 124,
        DL_H_RESERVED = 128, /* zero */
        DL_H_BODY_CRC = 152, /* CRC-32 of directory and table */
        DL_H_CRC = 156,      /* CRC-32 of the bytes before it */
};

/* Header flags. */
#define DL_F_RESIDENT 1u /* the copies stand in the section MAP, not in the segments */
/* Notes for people: what the encoder found and gave up. */
#define DL_F_NO_BTF      2u /* not as the model knows it; the same for the next two */
#define DL_F_NO_KALLSYMS 4u
#define DL_F_NO_RELA     8u
#define DL_F_NO_COPIES   16u        /* the shortest ones, for memory */
#define DL_F_FEW_COPIES  (1u << 17) /* the shorter ones, for room in chunk 0 */
#define DL_F_PLAIN       (1u << 18) /* with models the patch was larger */
#define DL_F_KNOWN       ((1u << 19) - 1u)
/* The same three structures, for another reason. */
#define DL_F_SHORT(structure)   ((structure) << 4)  /* of memory */
#define DL_F_NO_ROOM(structure) ((structure) << 7)  /* in chunk 0 */
#define DL_F_NOT_OLD(structure) ((structure) << 10) /* not in the old image's kernel */
#define DL_F_NOT_NEW(structure) ((structure) << 13)

/* A section directory entry: eight words. The counts size the decoder's memory. */
enum {
        DL_D_ID = 0,
        DL_D_PACKED = 4,
        DL_D_RAW = 8,
        DL_D_CRC = 12,
        DL_D_COUNTS = 16,
        DL_D_SIZE = 32,
};
#define DL_COUNTS 4u

enum dl_section_id {
        DL_S_MAP = 1,      /* the copies; count: how many */
        DL_S_PROGRAM,      /* the programs whose references are predicted; rows, programs */
        DL_S_REGIONS,      /* modes by old position; count: how many */
        DL_S_RELA,         /* relocations; old entries, new entries, odd slots */
        DL_S_BTF,          /* type information; new types, old types, new strings, old strings */
        DL_S_BTF_NEW,      /* what is new in it; bytes, words and strings sent, early strings */
        DL_S_KALLSYMS,     /* symbol names; old symbols, new symbols, runs, symbols sent */
        DL_S_KALLSYMS_NEW, /* bytes of the symbols sent, of the new tokens, of the old tokens */
        DL_S_BLOCKS,       /* which streams are sorted; steps of the largest tree */
        DL_S_OBJECTS,      /* relocatable objects; objects, their sections */
        DL_S_LIMIT,
};
#define DL_SECTIONS_MAX 12u

/* The start of the section BTF, before its columns. */
enum {
        DL_B_FROM = 0,
        DL_B_TO = 4,
        DL_B_TYPE_SIZE = 8,
        DL_B_STRING_SIZE = 12,
        DL_B_RUNS = 16,
        DL_B_SIZE = 20
};

/* The start of the section KALLSYMS, before its columns: file positions and sizes. */
enum {
        DL_K_FROM_NAMES = 0,
        DL_K_FROM_NAMES_SIZE = 4,
        DL_K_FROM_TOKENS = 8,
        DL_K_NAMES = 12,
        DL_K_NAMES_SIZE = 16,
        DL_K_MARKERS = 20,
        DL_K_TOKENS = 24,
        DL_K_INDEX = 28,
        DL_K_FROM_OFFSETS = 32, /* 0: this table is not made; the same for the next */
        DL_K_OFFSETS = 36,
        DL_K_FROM_SORTED = 40,
        DL_K_SORTED = 44,
        DL_K_SIZE = 48,
};

/* A segment table entry: end of the chunk, counted from the end of chunk 0, and its CRC-32. */
enum { DL_T_END = 0, DL_T_CRC = 4, DL_T_SIZE = 8 };

/* The streams of a segment, in their order in the chunk. */
enum dl_stream_id {
        DL_GAPS,     /* varints: right bytes before the next wrong one */
        DL_VALUES,   /* bytes: what to add to the wrong one, mod 256 */
        DL_LITERALS, /* bytes that were not predicted at all */
        DL_COPIES,   /* only without RESIDENT, no deflate stream (delta/copy_code.h) */
        DL_STREAMS,
        DL_DEFLATED = DL_COPIES, /* streams before it */
};

/* Memory, fixed by the format and not by the build. */
#define DL_CORE_MEMORY         8192u       /* struct dl */
#define DL_STREAM_STATE        (10u << 10) /* one inflate state without its window */
#define DL_COPIES_MEMORY       (78u << 10) /* struct copy_reader */
#define DL_STREAM_BUFFER       2048u       /* packed bytes read at a time, and unpacked ones */
#define DL_OUTPUT_WINDOW       (32u << 10) /* output bytes written at a time */
#define DL_CACHE_LINE          (8u << 10)  /* old bytes read at a time */
#define DL_CACHE_LINES         8u
#define KALLSYMS_TOKENS_MEMORY 1040u  /* struct kallsyms_tokens */
#define DL_COPY_MEMORY         12u    /* per copy of the resident map */
#define DL_TREE_SHAPE          6144u  /* struct tree_shape */
#define DL_TREE_STEP           512u   /* digits of a tree between two counts */
#define DL_TREE_STEP_MEMORY    134u   /* bytes that they take with these */
#define DL_TREE_SPAN           65536u /* digits between two counts of another kind */
#define DL_TREE_SPAN_MEMORY    12u    /* bytes of these */

#define DL_WINDOW_BITS         15u /* of deflate streams */
#define DL_STREAM_MEMORY       (DL_STREAM_STATE + (1u << DL_WINDOW_BITS) + 2u * DL_STREAM_BUFFER)

/* Predicted bytes are worked out in pieces that end at multiples of this in the output. */
#define DL_PIECE 4096u

static inline uint32_t dl_get32(const uint8_t *p)
{
        return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t dl_get64(const uint8_t *p)
{
        return (uint64_t)dl_get32(p) | (uint64_t)dl_get32(p + 4) << 32;
}

static inline void dl_put32(uint8_t *p, uint32_t v)
{
        p[0] = (uint8_t)v;
        p[1] = (uint8_t)(v >> 8);
        p[2] = (uint8_t)(v >> 16);
        p[3] = (uint8_t)(v >> 24);
}

static inline void dl_put64(uint8_t *p, uint64_t v)
{
        dl_put32(p, (uint32_t)v);
        dl_put32(p + 4, (uint32_t)(v >> 32));
}

#define DL_VARINT_BYTES 5u

/* Add a varint's k-th byte; it goes on after one above 127. false: it is too long. */
static inline bool dl_varint_add(uint32_t *v, unsigned k, uint8_t byte)
{
        if (k >= DL_VARINT_BYTES || (k == DL_VARINT_BYTES - 1 && byte > 15))
                return false;
        *v |= (uint32_t)(byte & 127u) << 7 * k;
        return true;
}

/* Its next byte, of what `rest` is left. */
static inline uint8_t dl_varint_byte(uint32_t rest)
{
        return (uint8_t)(rest & 127u) | (rest > 127 ? 128u : 0u);
}

static inline uint32_t dl_least(uint32_t a, uint32_t b)
{
        return a < b ? a : b;
}

static inline int32_t dl_unzigzag(uint32_t v)
{
        return (int32_t)(v >> 1 ^ (0u - (v & 1u)));
}

static inline uint32_t dl_zigzag(int32_t v)
{
        return (uint32_t)v << 1 ^ (v < 0 ? ~0u : 0u);
}

#endif
