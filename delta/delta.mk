# SPDX-License-Identifier: Apache-2.0
# The decoder builds for every variant that has zlib; the encoder for the host.
DELTA_DECODER := $(addprefix delta/,header.c stream.c map.c arena.c open.c step.c predict.c copy_code.c blocks.c \
                   tree.c ranks.c odds.c bits.c info.c) \
                 $(addprefix delta/models/,table.c refs.c modes.c frames.c a64.c objects.c object_mode.c \
                   rela.c btf.c kallsyms.c sorted.c heap.c tokens.c)
DELTA_ENCODER := $(addprefix delta/create/,create.c rival.c images.c large.c models.c copies.c match.c program.c base.c elf.c \
                   pair.c extents.c objects.c choose.c canonical.c canonical_objects.c rela.c btf.c \
                   kallsyms.c sections.c segments.c patch.c chunk.c pack_copies.c blocks.c bits.c huffman.c echoes.c bytes.c \
                   bsdiff40.c)
DELTA_ENCODER_LIBS := -ldivsufsort -ldeflate -lbz2 -lz

# What codes bit by bit and searches byte by byte is half of the tests' time; the others are -O1 in them.
$(foreach f,odds ranks copy_code bits create/bits create/blocks create/match models/a64,$(eval CFLAGS-delta/$(f) := -O2))

# A patch taken apart.
DELTA_PARTS := $(addprefix ../fuzz/,patch_parts.c patch_sorted.c patch_copies.c)

# Tests of the format, and of its models on small images made for them.
delta-test = $(call unit-test,$(1),$(addprefix tests/unit/,$(1).c delta_rig.c $(2)) \
        $(DELTA_DECODER) $(DELTA_ENCODER),$(DELTA_ENCODER_LIBS))
$(call delta-test,delta_test)
$(call delta-test,delta_bsdiff40_test)
$(call delta-test,delta_kernel_test,synthetic_kernel.c)
$(call delta-test,delta_let_go_test,synthetic_kernel.c)
$(call delta-test,delta_regions_test,synthetic_kernel.c)
$(call delta-test,delta_a64_test)
$(call delta-test,delta_map_test)
$(foreach t,copy_code ranks stream,$(call delta-test,delta_$(t)_test,delta_packed.c))
$(foreach t,header frame info,$(call delta-test,delta_$(t)_test,delta_frame_edits.c))
$(call delta-test,delta_vectors_test)
$(call delta-test,delta_tree_test)
$(call unit-test,delta_heap_test,tests/unit/delta_heap_test.c delta/models/heap.c)
$(call delta-test,delta_frames_test)
$(call delta-test,delta_names_test)
$(call delta-test,delta_modes_test)
$(call delta-test,delta_slots_test)
$(call delta-test,delta_object_read_test,object_headers.c)
$(call delta-test,delta_object_pair_test,object_headers.c)
$(call delta-test,delta_object_mode_test)
$(call delta-test,delta_elf_test)
$(call delta-test,delta_encoder_test)
$(call delta-test,delta_joint_test,delta_tamper.c delta_faults.c $(DELTA_PARTS))
$(call delta-test,delta_decode_test,synthetic_kernel.c synthetic_library.c delta_faults.c)
$(call delta-test,delta_library_test,synthetic_library.c delta_tamper.c $(DELTA_PARTS))
$(call delta-test,delta_base_test,delta_tamper.c $(DELTA_PARTS))
$(call delta-test,delta_objects_test,synthetic_objects.c delta_tamper.c $(DELTA_PARTS))
$(call delta-test,delta_by_hand_test,delta_hand.c $(DELTA_PARTS))
$(call delta-test,delta_torn_test,delta_hand.c delta_faults.c $(DELTA_PARTS))
$(call delta-test,delta_kallsyms_sorted_test,delta_kallsyms_world.c delta_hand.c $(DELTA_PARTS))
$(foreach t,btf kallsyms,\
  $(call delta-test,delta_$(t)_walk_test,delta_$(t)_world.c delta_hand.c delta_faults.c $(DELTA_PARTS)))
$(foreach t,bad walk rela,$(call delta-test,delta_$(t)_test,synthetic_kernel.c delta_tamper.c $(DELTA_PARTS)))
$(foreach t,btf kallsyms,\
  $(call delta-test,delta_$(t)_test,synthetic_kernel.c delta_tamper.c delta_columns.c $(DELTA_PARTS)))
$(call delta-test,delta_blocks_test,delta_tamper.c delta_faults.c $(DELTA_PARTS))

# Each allocation of its own code may fail.
$(call unit-test,delta_memory_test,$(addprefix tests/unit/,delta_memory_test.c delta_rig.c synthetic_kernel.c) \
  $(DELTA_DECODER) $(DELTA_ENCODER),$(DELTA_ENCODER_LIBS) \
  $(addprefix -Wl$(comma)--wrap=,malloc calloc realloc aligned_alloc))
