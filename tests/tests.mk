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

soak: all $(B)/venv-tests/stamp
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

# Update partitions with something else in the place of their service.
update-test = $(call image,el1,$(B)/tests/$(1),updater/el1/update.lds,\
        $(filter-out updater/el1/service.c,$(UPDATE_EL1)) $(UPDATER_ENGINE) $(UPDATER_PACKAGE) \
        $(UPDATER_DISK) $(DELTA_DECODER) $(BOOTFLOW_LAYOUT) \
        $(addprefix tests/qemu/guests/,$(2)),\
        $(addprefix $(D)/el1/lib/,libmbedcrypto.a libfdt.a libz.a))
$(call update-test,withdrawn,withdrawn.c only_loads.c probe.S)
$(call update-test,crashes,crashes.c only_loads.c)
$(call update-test,dma,dma.c aim.c only_loads.c)
$(call update-test,hostile,hostile.c hostile_calls.c aim.c only_loads.c probe.S)

include tests/sim/sim.mk
include tests/bench/bench.mk
