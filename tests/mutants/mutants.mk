# SPDX-License-Identifier: Apache-2.0
# Each condition of the update path turned to always false and to always true: some test must turn
# red. The sources are rewritten with a hook in each condition (rewrite.c) and linked into the tests
# that judge them (judge.h), without the sanitizers first; what goes unnoticed there is tried with
# them. MUTANTS_ONLY=text tries those with that text in their names.
MUTATED := $(filter updater/%,$(UPDATER_ENGINE) $(UPDATER_PACKAGE) $(UPDATER_DISK)) \
           bootflow/slots.c bootflow/slots_event.c bootflow/record.c bootflow/journal.c \
           bootflow/image_layout.c bootflow/image.c bootflow/fit.c bootflow/place.c \
           $(DELTA_DECODER) \
           $(addprefix hv/vm/,slots.c boot_state.c events.c life.c hypercall.c vm.c load.c psci.c)
# The quickest first.
MUTANT_JUDGES := delta_heap_test delta_stream_test checkpoint_test record_test slots_odd_test slots_differ_test journal_scan_test \
                 events psci hv_core agent_line_test ustar_test canonical_test gpt_test fit_test \
                 boot_state hypercall hypercall_trial vm_limits load_breaks vm load \
                 slots_rules_test slots_reachable_test slots_decision_test \
                 tuf_root_test tuf_targets_test tuf_vectors_test package_test \
                 image_layout_test image_verify_test journal_test \
                 delta_map_test delta_copy_code_test delta_header_test delta_ranks_test delta_walk_test delta_tree_test delta_frames_test \
                 delta_modes_test delta_slots_test delta_names_test delta_frame_test delta_info_test \
                 delta_btf_walk_test delta_kallsyms_walk_test delta_kallsyms_sorted_test delta_by_hand_test delta_torn_test \
                 delta_object_read_test delta_object_mode_test \
                 delta_vectors_test delta_a64_test delta_rela_test delta_bad_test \
                 delta_library_test delta_kallsyms_test delta_btf_test delta_objects_test \
                 delta_decode_test delta_joint_test delta_blocks_test engine_odd_test \
                 engine_answers_test engine_checks_test engine_consent_test engine_trial_test \
                 engine_update_test engine_cuts_test \
                 forged_archive_test forged_manifest_test forged_chunks_test sim

$(call program,host,$(B)/bin/rewrite,tests/mutants/rewrite.c)

# The simulator's rows are its cases; of other tests, those of CMocka's group.
mutant-sources = $(if $(filter sim,$(1)),$(filter-out tests/sim/main.c,$(SOURCES_sim)) tests/mutants/sim_cases.c,\
                   $(SOURCES_$(1)) tests/mutants/cmocka_cases.c) $(addprefix tests/mutants/,condition.c judge.c)
mutant-wrap = $(if $(filter-out sim,$(1)),-Wl$(comma)--wrap=_cmocka_run_group_tests)

$(B)/mutants/%.c: %.c $(B)/bin/rewrite
	@mkdir -p $(@D)
	$(Q)$(B)/bin/rewrite $< > $@
.PRECIOUS: $(B)/mutants/%.c

# $(call mutant-judge,VARIANT,NAME)
mutated-objs = $(addprefix $(B)/mutants/$(1)/,$(patsubst %.c,%.o,$(filter $(MUTATED),$(2)))) \
               $(call objs,$(1),$(filter-out $(MUTATED),$(2)))
define mutant-judge
$(B)/mutants/$(1)/$(2): $(call mutated-objs,$(1),$(call mutant-sources,$(2)))
	$$(Q)$$(CC_$(1)) $$(LDFLAGS_$(1)) -o $$@ $$(filter %.o,$$^) $(call mutant-wrap,$(2)) $(LIBS_$(2)) -lcmocka
DEPFILES += $(patsubst %.o,%.d,$(call mutated-objs,$(1),$(call mutant-sources,$(2))))
endef
# A local that a mutant leaves unwritten holds the same in every run. GCC 12 takes parts of the
# journal's record for padding then, and clears them: not there.
$(B)/mutants/%.o: UNWRITTEN := -ftrivial-auto-var-init=pattern
$(foreach v,host asan,$(B)/mutants/$(v)/bootflow/journal.o): UNWRITTEN :=
define mutant-variant
$(B)/mutants/$(1)/%.o: $(B)/mutants/%.c tests/mutants/condition.h
	@mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(CFLAGS_$(1)) -w $$(UNWRITTEN) -c -o $$@ $$<
$(foreach j,$(MUTANT_JUDGES),$(eval $(call mutant-judge,$(1),$(j))))
mutant-judges: $(addprefix $(B)/mutants/$(1)/,$(MUTANT_JUDGES))
endef
$(foreach v,host asan,$(eval $(call mutant-variant,$(v))))

.PHONY: mutants mutant-judges
mutants: mutant-judges
	tests/mutants/run $(B)/mutants $(MUTANT_JUDGES)
