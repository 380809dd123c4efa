# SPDX-License-Identifier: Apache-2.0
# One pattern rule per variant, and the templates by which a room says what it
# builds. Objects of variant V of a/b.c stand in build/V/a/b.o.

VARIANTS := host asan el2 el1
comma := ,
ALL :=
DEPFILES :=
UNIT_TESTS :=

define variant-rules
$(B)/$(1)/%.o: %.c $$(DEPS_$(1))
	@mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(CFLAGS_$(1)) $$(CFLAGS-$$*) -c -o $$@ $$<
$(B)/$(1)/%.o: %.S $$(DEPS_$(1))
	@mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(CFLAGS_$(1)) $$(CFLAGS-$$*) -c -o $$@ $$<
endef
$(foreach v,$(VARIANTS),$(eval $(call variant-rules,$(v))))

objs = $(addsuffix .o,$(basename $(addprefix $(B)/$(1)/,$(2))))

# $(call program,VARIANT,OUTPUT,SOURCES,LIBRARIES): a host executable.
define program-rule
$(2): $(call objs,$(1),$(3))
	@mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(LDFLAGS_$(1)) -o $$@ $$(filter %.o,$$^) $(4)
DEPFILES += $(patsubst %.o,%.d,$(call objs,$(1),$(3)))
endef
program = $(eval $(call program-rule,$(1),$(2),$(3),$(4)))

# $(call tool,NAME,SOURCES,LIBRARIES): a command-line tool, build/bin/NAME.
tool = $(call program,host,$(B)/bin/$(1),$(2),$(3))$(eval ALL += $(B)/bin/$(1))

# $(call unit-test,NAME,SOURCES,LIBRARIES): a CMocka program; `make unit` runs it.
unit-test = $(call program,asan,$(B)/unit/$(1),$(2),$(3) -lcmocka)$(eval UNIT_TESTS += $(1))$\
            $(eval SOURCES_$(1) := $(2))$(eval LIBS_$(1) := $(3))

# $(call image,VARIANT,OUTPUT,LINKER-SCRIPT,SOURCES,LIBRARIES): a flat binary
# for the device, OUTPUT.bin, beside its ELF file, OUTPUT.elf.
define image-rule
$(2).elf: $(call objs,$(1),$(4)) $(3)
	@mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(LDFLAGS_$(1)) -Wl,-T,$(3) -o $$@ $$(filter %.o,$$^) $(5)
$(2).bin: $(2).elf
	$$(Q)$(CROSS)objcopy -O binary $$< $$@
DEPFILES += $(patsubst %.o,%.d,$(call objs,$(1),$(4)))
ALL += $(2).bin
endef
image = $(eval $(call image-rule,$(1),$(2),$(3),$(4),$(5)))

ifeq ($(V),1)
Q =
else
Q = @echo "  $@";
endif
