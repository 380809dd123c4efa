# SPDX-License-Identifier: Apache-2.0
# Each condition of the update path turned to always false and to always true: some test must turn
# red. The sources are rewritten with a hook in each condition (rewrite.c), linked into the tests
# that judge them, and each mutant is one run with an environment variable. Of the mutants one in
# MUTANTS_EVERY is tried, chosen by its name; a whole run takes hours. `make soak` tells how many of
# the sample were noticed, and does not fail for those that were not: there are too many yet.
MUTATED := bootflow/slots.c bootflow/slots_event.c bootflow/record.c bootflow/journal.c \
           updater/checkpoint.c $(filter updater/engine%,$(UPDATER_ENGINE)) \
           hv/vm/slots.c hv/vm/boot_state.c
# The fastest first.
MUTANT_JUDGES := checkpoint_test hypercall slots_differ_test journal_test slots_test engine_test sim

$(call program,host,$(B)/bin/rewrite,tests/mutants/rewrite.c)

$(B)/mutants/%.c: %.c $(B)/bin/rewrite
	@mkdir -p $(@D)
	$(Q)$(B)/bin/rewrite $< > $@
$(B)/mutants/%.o: $(B)/mutants/%.c tests/mutants/condition.h
	$(Q)$(CC_host) $(CFLAGS_host) -O1 -w -c -o $@ $<
.PRECIOUS: $(B)/mutants/%.c
DEPFILES += $(patsubst %.c,$(B)/mutants/%.d,$(MUTATED))

mutated-objs = $(addprefix $(B)/mutants/,$(patsubst %.c,%.o,$(filter $(MUTATED),$(1)))) \
               $(call objs,host,$(filter-out $(MUTATED),$(1)) tests/mutants/condition.c)
define mutant-judge
$(B)/mutants/$(1): $(call mutated-objs,$(SOURCES_$(1)))
	$$(Q)$$(CC_host) -o $$@ $$(filter %.o,$$^) $(LIBS_$(1)) -lcmocka
DEPFILES += $(patsubst %.o,%.d,$(call objs,host,$(filter-out $(MUTATED),$(SOURCES_$(1)))))
endef
$(foreach j,$(MUTANT_JUDGES),$(eval $(call mutant-judge,$(j))))

MUTANTS_EVERY ?= 120
.PHONY: mutants mutant-judges
mutant-judges: $(addprefix $(B)/mutants/,$(MUTANT_JUDGES))
mutants: mutant-judges
	tests/mutants/run $(B)/mutants $(MUTANTS_EVERY) $(SEED) $(MUTANT_JUDGES)
