# SPDX-License-Identifier: Apache-2.0
# The decoder builds for every variant that has zlib; the encoder for the host.
DELTA_DECODER := $(addprefix delta/,header.c stream.c map.c arena.c open.c step.c predict.c info.c) \
                 $(addprefix delta/models/,table.c refs.c modes.c a64.c rela.c btf.c kallsyms.c \
                   sorted.c tokens.c)
DELTA_ENCODER := $(addprefix delta/create/,create.c models.c copies.c match.c program.c choose.c \
                   canonical.c rela.c btf.c kallsyms.c sections.c segments.c patch.c bytes.c \
                   bsdiff40.c)
DELTA_ENCODER_LIBS := -ldivsufsort -lbz2 -lz

$(call unit-test,delta_test,tests/unit/delta_test.c tests/unit/delta_rig.c $(DELTA_DECODER) $(DELTA_ENCODER),$(DELTA_ENCODER_LIBS))
