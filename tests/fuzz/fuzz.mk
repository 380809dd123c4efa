# SPDX-License-Identifier: Apache-2.0
# Fuzzing with libFuzzer, under ASan and UBSan:
#   make fuzz [SECONDS=60] [TARGET=all|NAME]
#   make fuzz-sample      the part of it that `make test` runs: always the same
# All of it is below build/fuzz: objects, bin/, seeds/ (made), corpus/ (what the
# runs found, kept and used again), findings/. Corpora that are committed stand in
# tests/fuzz/corpus/NAME.
F := $(B)/fuzz
SECONDS ?= 60
TARGET ?= all
FUZZ_TARGETS :=

# gcc has judged these sources' warnings already.
CC_fuzz := clang
DEPS_fuzz := $(DEPS_asan)
CFLAGS_fuzz := $(filter-out $(WARN),$(COMMON)) -O1 -D_GNU_SOURCE -isystem $(D)/host/include \
               $(call mbedtls,host) -fsanitize=fuzzer-no-link,address,undefined \
               -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS_fuzz := -fsanitize=fuzzer,address,undefined
$(eval $(call variant-rules,fuzz))

# $(call fuzz-target,NAME,SOURCES,LIBRARIES): tests/fuzz/NAME.c is the target.
fuzz-target = $(call program,fuzz,$(F)/bin/$(1),tests/fuzz/$(1).c $(2),$(3))$(eval FUZZ_TARGETS += $(1))

FUZZ_CRYPTO := $(D)/host/lib/libmbedcrypto.a
FUZZ_TRUSTING := tests/fuzz/trusting.c
FUZZ_TRUSTS := -Wl,--wrap=mbedtls_pk_verify $(FUZZ_CRYPTO)
FUZZ_STORAGE := tests/unit/memory_storage.c

$(call fuzz-target,image,$(BOOTFLOW_IMAGE) $(FUZZ_TRUSTING),$(FUZZ_TRUSTS))
$(call fuzz-target,fit,tests/fuzz/fdt_mutator.c $(BOOTFLOW_FIT),-lfdt)
$(call fuzz-target,place,bootflow/place.c)
$(call fuzz-target,record,tests/fuzz/entry.c $(BOOTFLOW_STATE))
$(call fuzz-target,journal,tests/fuzz/entry.c tests/unit/strict_nor.c $(BOOTFLOW_STATE),-lcmocka)
$(call fuzz-target,json,$(addprefix updater/package/,canonical.c json.c jsmn.c),$(FUZZ_CRYPTO))
$(call fuzz-target,tuf,tests/fuzz/metadata.c $(FUZZ_STORAGE) $(UPDATER_PACKAGE) \
  $(FUZZ_TRUSTING),$(FUZZ_TRUSTS))
$(call fuzz-target,package,tests/fuzz/metadata.c $(FUZZ_STORAGE) $(UPDATER_PACKAGE) \
  $(FUZZ_TRUSTING),$(FUZZ_TRUSTS))
FUZZ_DELTA := $(addprefix tests/fuzz/,delta_files.c patch_parts.c patch_sorted.c patch_copies.c patch_mutate.c) \
              $(DELTA_DECODER) $(addprefix delta/create/,bits.c bytes.c huffman.c)
$(call fuzz-target,delta,$(FUZZ_DELTA),-ldeflate -lz)
$(call fuzz-target,delta_kernel,$(FUZZ_DELTA),-ldeflate -lz)
$(call fuzz-target,bsdiff40,$(DELTA_DECODER) $(DELTA_ENCODER),$(DELTA_ENCODER_LIBS))
$(call fuzz-target,gpt,tests/fuzz/disk_window.c $(UPDATER_DISK),-lz)
$(call fuzz-target,description,tests/fuzz/fdt_mutator.c hv/vm/description.c hv/vm/guest_fdt.c,-lfdt)
$(call fuzz-target,agent_line,updater/agent_line.c updater/events.c)
$(call fuzz-target,hypercall,$(FAKE_VM) tests/unit/strict_nor.c \
  $(addprefix hv/vm/,hypercall.c slots.c boot_state.c events.c life.c) $(BOOTFLOW_STATE),-lcmocka)
$(call fuzz-target,checkpoint,$(FUZZ_STORAGE) updater/checkpoint.c,-lz)

$(call program,asan,$(F)/bin/seeds,tests/fuzz/seeds.c tests/fuzz/disk_window.c tests/fuzz/kernel_seed.c \
  tests/unit/delta_rig.c tests/unit/synthetic_kernel.c \
  tests/unit/package_maker.c tests/unit/synthetic_library.c tests/unit/synthetic_objects.c \
  tests/unit/strict_nor.c $(FUZZ_STORAGE) $(BOOTFLOW_STATE) \
  $(UPDATER_DISK) updater/checkpoint.c $(UPDATER_PACKAGE) $(DELTA_DECODER) $(DELTA_ENCODER),\
  $(UPDATER_CRYPTO) $(DELTA_ENCODER_LIBS) -lcmocka)

$(F)/seeds/stamp: $(F)/bin/seeds tests/fuzz/fit.dts $(B)/unit/data/system.dtb \
                  $(B)/images/rt-v1_0.bin $(B)/images/rt-v1_1.bin $(B)/tests/gic.bin \
                  $(B)/tests/calls.bin
	@mkdir -p $(addprefix $(F)/seeds/,image fit description)
	$(F)/bin/seeds $(F)/seeds
	cp tests/vectors/image/*.img $(F)/seeds/image
	dtc -q -O dtb -o $(F)/seeds/fit/small tests/fuzz/fit.dts
	cp $(B)/unit/data/system.dtb $(F)/seeds/description/shipped
	@touch $@

# One seed per kernel segment that shows another model at work.
FUZZ_KERNEL_SEGMENTS := 013 020 024 031
$(F)/kernel.patch: $(B)/bin/segue $(B)/kernels/kernels.stamp
	$(B)/bin/segue delta create --from $(B)/kernels/old/Image --to $(B)/kernels/new/Image -o $@
$(F)/seeds/delta_kernel.stamp: $(F)/kernel.patch
	@mkdir -p $(@:.stamp=)
	$(Q)for s in $(FUZZ_KERNEL_SEGMENTS); do \
	  { printf "\\$$s"; cat $<; } >$(@:.stamp=)/segment-$$s; done
	@touch $@
FUZZ_SEEDS := $(F)/seeds/stamp $(F)/seeds/delta_kernel.stamp

FUZZ_BINARIES := $(addprefix $(F)/bin/,$(FUZZ_TARGETS))

.PHONY: fuzz fuzz-sample
fuzz: $(if $(filter all,$(TARGET)),$(FUZZ_BINARIES),$(addprefix $(F)/bin/,$(TARGET))) \
      $(FUZZ_SEEDS)
	tests/fuzz/run $(SECONDS) $(if $(filter all,$(TARGET)),$(FUZZ_TARGETS),$(TARGET))

fuzz-sample: $(FUZZ_BINARIES) $(FUZZ_SEEDS)
	tests/fuzz/run sample $(FUZZ_TARGETS)
