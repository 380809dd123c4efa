# SPDX-License-Identifier: Apache-2.0
.PHONY: help clean
help:
	@echo "make run [SCENARIO=panic|hang|silent|bad-signature|wrong-base|downgrade]"
	@echo "                   set up, build, and update a Linux guest in QEMU"
	@echo "make console       the same system, with its consoles"
	@echo "make test          all tests: unit, lint, QEMU scenarios"
	@echo "make unit          the host tests alone (ASan, UBSan)"
	@echo "make sim [SEED=n]  the update path under power cuts and faults, on the host"
	@echo "make mutants [MUTANTS_ONLY=text]"
	@echo "                   each condition of the update path turned: is it tested?"
	@echo "make soak          the slow sweeps"
	@echo "make fuzz [SECONDS=60] [TARGET=all|NAME]"
	@echo "                   libFuzzer, and what it covered"
	@echo "make bench-delta [PAIRS=OLD:NEW] [ONLY=text]"
	@echo "                   deltas against bsdiff, xdelta3 and zstd"
	@echo "make lint          clang-format and clang-tidy"
	@echo "make all           build everything"
	@echo "make clean         remove what was built (keeps what was fetched)"

# What was fetched and the libraries built from it are kept.
clean:
	find $(B) -mindepth 1 -maxdepth 1 ! -name deps ! -name kernels -exec rm -rf {} +
