# SPDX-License-Identifier: Apache-2.0
# The guests: the RT guest in several builds, and the Linux initramfs.

# One program per file in images/rt/builds: build/images/rt-<name>.bin.
RT_SOURCES := $(addprefix images/rt/,start.S main.c beats.c gic.c mmu.c psci.c uart.c)
RT_BUILDS  := $(basename $(notdir $(wildcard images/rt/builds/*.c)))
$(foreach b,$(RT_BUILDS),$(call image,el1,$(B)/images/rt-$(b),images/rt/rt.lds,\
        $(RT_SOURCES) images/rt/builds/$(b).c,$(D)/el1/lib/libfdt.a))

$(call unit-test,rt_beats,tests/unit/rt_beats_test.c images/rt/beats.c)

# A root file system of busybox, an agent script and a program that beats.
LINUX_FILES := images/linux/init images/linux/agent
$(B)/images/linux/beats: images/linux/beats.c images/rt/beats.c images/rt/beats.h
	@mkdir -p $(@D)
	$(Q)$(CROSS_CC) $(filter-out -MMD -MP,$(COMMON)) -D_GNU_SOURCE -O2 -static -o $@ $(filter %.c,$^)
$(B)/images/initramfs.cpio: images/linux/pack $(LINUX_FILES) $(B)/images/linux/beats \
                            $(B)/kernels/kernels.stamp
	$(Q)images/linux/pack $@ $(B)/kernels/busybox $(B)/images/linux/beats $(LINUX_FILES)
ALL += $(B)/images/initramfs.cpio
