# SPDX-License-Identifier: Apache-2.0
# clang-format and clang-tidy over every C file, each with the flags of the
# variant that it is written for. A file is looked at again when it changed.

LINTED := $(shell git ls-files '*.c' '*.h' 2>/dev/null)
TIDIED := $(filter %.c,$(LINTED))

# A pinned formatter: versions differ in what they call well formatted.
CLANG_FORMAT := $(B)/venv/bin/clang-format
$(B)/venv/lint.stamp: tests/requirements-lint.txt | $(D)/packages.stamp
	/usr/bin/python3 -m venv $(B)/venv
	$(B)/venv/bin/pip install -q -r $<
	@touch $@

clang-flags = $(filter-out -mno-outline-atomics -MMD -MP -Werror --specs=%,$(CFLAGS_$(1)))
PICOLIBC_INCLUDE = $(shell sed -n 's/^-isystem \([^ ]*\).*/\1/p' $(D)/picolibc.specs)
TIDY_host = $(call clang-flags,host)
TIDY_el2  = --target=aarch64-linux-gnu $(call clang-flags,el2)
TIDY_el1  = --target=aarch64-linux-gnu $(call clang-flags,el1) -isystem $(PICOLIBC_INCLUDE) \
            -Iupdater/el1
el1_files := updater/el1/% bootflow/bootfw/% images/rt/% tests/qemu/guests/%
variant-of = $(if $(filter hv/%,$(1)),el2,$(if $(filter $(el1_files),$(1)),el1,host))

$(B)/lint/%.c.ok: %.c .clang-format .clang-tidy mk/lint.mk | $(B)/venv/lint.stamp $(D)/libs.stamp
	@mkdir -p $(@D)
	$(Q)$(CLANG_FORMAT) --dry-run -Werror $< && \
	clang-tidy --quiet $< -- $(TIDY_$(call variant-of,$<)) 2>$(@:.ok=.log) || \
	{ cat $(@:.ok=.log); exit 1; }
	@touch $@
$(B)/lint/%.h.ok: %.h .clang-format | $(B)/venv/lint.stamp
	@mkdir -p $(@D)
	$(Q)$(CLANG_FORMAT) --dry-run -Werror $<
	@touch $@

.PHONY: lint format
lint: $(patsubst %,$(B)/lint/%.ok,$(LINTED))
format: | $(B)/venv/lint.stamp
	$(CLANG_FORMAT) -i $(LINTED)
