# SPDX-License-Identifier: Apache-2.0
# clang-format and clang-tidy over every C file, each with the flags of the
# variant that it is written for. A file is looked at again when it changed.

LINTED := $(shell git ls-files '*.c' '*.h' 2>/dev/null)
TIDIED := $(filter %.c,$(LINTED))

# A pinned formatter: versions differ in what they call well formatted. Where it
# cannot be fetched, nothing counts as looked at, and the next run tries again.
CLANG_FORMAT := $(B)/venv/bin/clang-format
$(B)/venv/lint.stamp: tests/requirements-lint.txt | $(D)/packages.stamp
	/usr/bin/python3 -m venv $(B)/venv
	@if $(B)/venv/bin/pip install -q -r $<; then touch $@; else \
	  echo "lint: PyPI cannot be reached: the formatting is not checked"; fi
formatted = if [ -f $(B)/venv/lint.stamp ]; then $(CLANG_FORMAT) --dry-run -Werror $(1); fi
looked-at = @if [ -f $(B)/venv/lint.stamp ]; then touch $(1); fi

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
	$(Q)$(call formatted,$<) && \
	clang-tidy --quiet $< -- $(TIDY_$(call variant-of,$<)) 2>$(@:.ok=.log) || \
	{ cat $(@:.ok=.log); exit 1; }
	$(call looked-at,$@)
$(B)/lint/%.h.ok: %.h .clang-format | $(B)/venv/lint.stamp
	@mkdir -p $(@D)
	$(Q)$(call formatted,$<)
	$(call looked-at,$@)

.PHONY: lint format
lint: $(patsubst %,$(B)/lint/%.ok,$(LINTED))
	@$(if $(LINTED),:,echo "lint: git lists no files here"; exit 1)
format: | $(B)/venv/lint.stamp
	$(CLANG_FORMAT) -i $(LINTED)
