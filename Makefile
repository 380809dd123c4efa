# SPDX-License-Identifier: Apache-2.0
# Segue. `make help` lists the targets; mk/ holds the rules, and each room's
# own <room>/<room>.mk lists what is built from it.

.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDEXPANSION:
MAKEFLAGS += --no-builtin-rules --jobs=$(shell nproc)

.PHONY: all
all:

include mk/config.mk
include mk/deps.mk
include mk/rules.mk

include delta/delta.mk
include bootflow/bootflow.mk
include hv/hv.mk
include updater/updater.mk
include images/images.mk
include tools/tools.mk
include tests/tests.mk
include tests/fuzz/fuzz.mk

include mk/lint.mk
include mk/help.mk

all: $(ALL)

-include $(DEPFILES)
