# SPDX-License-Identifier: Apache-2.0
# clang-format and clang-tidy over every C file, each with the flags of the
# variant that it is written for. A file is looked at again when it changed.

LINTED := $(shell git ls-files '*.c' '*.h' 2>/dev/null)
TIDIED := $(filter %.c,$(LINTED))

# Pinned tools: versions differ in what they call well formatted, and in what they find. Where they
# cannot be fetched, nothing counts as looked at, and the next run tries again.
LINT_BIN := $(B)/venv/bin
$(B)/venv/lint.stamp: tests/requirements-lint.txt | $(D)/packages.stamp
	/usr/bin/python3 -m venv $(B)/venv
	@if $(B)/venv/bin/pip install -q -r $<; then touch $@; else \
	  echo "lint: PyPI cannot be reached: the code is not checked"; fi
# $(call look,COMMAND): a passed look is remembered; a failed one shows what it said.
look = $(Q)if [ -f $(B)/venv/lint.stamp ]; then \
  { $(1); } >$(@:.ok=.log) 2>&1 && touch $@ || { cat $(@:.ok=.log); exit 1; }; fi

# The compiler's own headers do not come with the tool.
RESOURCES = $(shell clang -print-resource-dir)
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
	$(call look,$(LINT_BIN)/clang-format --dry-run -Werror $< && \
	  $(LINT_BIN)/clang-tidy --quiet $< -- $(TIDY_$(call variant-of,$<)) -resource-dir=$(RESOURCES))
$(B)/lint/%.h.ok: %.h .clang-format | $(B)/venv/lint.stamp
	@mkdir -p $(@D)
	$(call look,$(LINT_BIN)/clang-format --dry-run -Werror $<)

.PHONY: lint format
lint: $(patsubst %,$(B)/lint/%.ok,$(LINTED))
	@$(if $(LINTED),:,echo "lint: git lists no files here"; exit 1)
format: | $(B)/venv/lint.stamp
	$(LINT_BIN)/clang-format -i $(LINTED)
