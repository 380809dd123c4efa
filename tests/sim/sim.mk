# SPDX-License-Identifier: Apache-2.0
# The simulator: the update path under faults, on the host. `make sim` and `make test` run a sample
# that takes a minute, `make soak` everything. SEED chooses among what is random.
SIM := $(addprefix tests/sim/,main.c rows.c scenes.c mutate.c fault.c disk.c nor.c hv.c fixture.c \
         watch.c world.c factory.c check.c remember.c) \
       tests/unit/package_maker.c $(addprefix hv/vm/,slots.c boot_state.c events.c life.c) \
       $(UPDATER_ENGINE) $(UPDATER_PACKAGE) $(UPDATER_DISK) updater/el1/disk_cache.c $(DELTA_DECODER) $(DELTA_ENCODER) \
       $(BOOTFLOW_LAYOUT) $(BOOTFLOW_STATE)

# What tests/sim/watch.c stands in front of.
SIM_WRAPPED := bf_journal_mount bf_journal_put checkpoint_load checkpoint_save \
               key_verify
SIM_LIBS := $(addprefix -Wl$(comma)--wrap=,$(SIM_WRAPPED)) $(UPDATER_CRYPTO) $(DELTA_ENCODER_LIBS)

$(call unit-test,sim,$(SIM),$(SIM_LIBS))
$(call program,asan,$(B)/bin/segue-sim,$(SIM),$(SIM_LIBS) -lcmocka)
# Without the sanitizers, for sweeps of a million runs.
$(call program,host,$(B)/bin/segue-sim-fast,$(SIM),$(SIM_LIBS) -lcmocka)

SEED ?= 1
.PHONY: sim
sim: $(B)/bin/segue-sim
	$< --seed $(SEED)

soak: $(B)/bin/segue-sim $(B)/bin/segue-sim-fast
