# SPDX-License-Identifier: Apache-2.0
# `make test` runs everything: the host's unit tests, the linters, the CLI
# and the scenarios in QEMU; its last line counts them. Tests of a room are
# registered in the room's own .mk.

.PHONY: unit test soak
unit: $$(addprefix $(B)/unit/,$$(UNIT_TESTS))
	tests/run unit $(B)/unit $(UNIT_TESTS)

# Peers that tests compare with (imgtool, python-tuf) live in an environment of
# their own; where PyPI cannot be reached their rows are skipped, and say so.
$(B)/venv-tests/stamp: tests/requirements.txt | $(D)/packages.stamp
	/usr/bin/python3 -m venv --system-site-packages $(B)/venv-tests
	-$(B)/venv-tests/bin/pip install -q -r $<
	@touch $@

test: all $$(addprefix $(B)/unit/,$$(UNIT_TESTS)) $(B)/venv-tests/stamp
	tests/run all $(B)/unit $(UNIT_TESTS)

soak: all mutant-judges $(B)/unit/load_walk $(B)/venv-tests/stamp
	tests/run soak

# A guest that tries out its GIC.
$(call image,el1,$(B)/tests/gic,images/rt/rt.lds,\
        $(addprefix images/rt/,start.S mmu.c gic.c uart.c) \
        $(addprefix tests/qemu/guests/,gic.c second.S))

# A guest that asks for what it may not have.
$(call image,el1,$(B)/tests/calls,images/rt/rt.lds,\
        $(addprefix images/rt/,start.S mmu.c uart.c) \
        $(addprefix tests/qemu/guests/,calls.c second.S))

# A guest that cannot go on.
$(call image,el1,$(B)/tests/lost,images/rt/rt.lds,tests/qemu/guests/lost.S)

# A guest that does what it is told on its console.
$(call image,el1,$(B)/tests/told,images/rt/rt.lds,\
        $(addprefix images/rt/,start.S mmu.c gic.c psci.c uart.c) \
        $(addprefix tests/qemu/guests/,told.c second.S))

# A guest that does what no guest should have to.
$(call image,el1,$(B)/tests/odd,images/rt/rt.lds,\
        $(addprefix images/rt/,start.S mmu.c uart.c) \
        $(addprefix tests/qemu/guests/,odd.c attempt.S))

# A guest that does anything.
$(call image,el1,$(B)/tests/wild,images/rt/rt.lds,\
        $(addprefix images/rt/,start.S mmu.c psci.c uart.c) \
        $(addprefix tests/qemu/guests/,wild.c wild_try.S second.S))

# A bootfw that never reports.
$(call image,el1,$(B)/tests/hangs,images/rt/rt.lds,tests/qemu/guests/hangs.S)

# Update partitions of their own; what is not needed is not linked.
update-image = $(call image,el1,$(B)/tests/$(1),updater/el1/update.lds,\
        $(2) $(UPDATER_ENGINE) $(UPDATER_PACKAGE) $(UPDATER_DISK) $(DELTA_DECODER) \
        $(BOOTFLOW_LAYOUT),$(addprefix $(D)/el1/lib/,libmbedcrypto.a libfdt.a libz.a) $(3))

# With something else in the place of their service.
update-test = $(call update-image,$(1),$(filter-out updater/el1/service.c,$(UPDATE_EL1)) \
        $(addprefix tests/qemu/guests/,$(2)))
$(call update-test,withdrawn,withdrawn.c only_loads.c probe.S)
$(call update-test,crashes,crashes.c only_loads.c)
$(call update-test,dma,dma.c aim.c only_loads.c)
$(call update-test,hostile,hostile.c hostile_calls.c aim.c only_loads.c probe.S)
$(call update-test,dawdles,dawdles.c)
$(call update-test,late,late.c)

# The shipped one, but for what tests/qemu/guests/stages.c stands in front of.
$(call update-image,stages,$(UPDATE_EL1) tests/qemu/guests/stages.c,\
        $(addprefix -Wl$(comma)--wrap=,event_end loader_step agent_feed engine_agent_bytes))

include tests/sim/sim.mk
include tests/mutants/mutants.mk
include tests/bench/bench.mk
