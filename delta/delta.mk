# SPDX-License-Identifier: Apache-2.0
# The decoder builds for every variant that has zlib; the encoder for the host.
DELTA_DECODER := $(addprefix delta/,header.c stream.c map.c arena.c open.c step.c predict.c info.c) \
                 $(addprefix delta/models/,a64.c refs.c modes.c btf.c rela.c tokens.c kallsyms.c sorted.c)
DELTA_ENCODER := $(addprefix delta/create/,bytes.c match.c program.c choose.c canonical.c btf.c rela.c kallsyms.c \
                   segments.c patch.c bsdiff40.c create.c)
DELTA_ENCODER_LIBS := -ldivsufsort -lbz2 -lz

$(call unit-test,delta_test,tests/unit/delta_test.c $(DELTA_DECODER) $(DELTA_ENCODER),$(DELTA_ENCODER_LIBS))
