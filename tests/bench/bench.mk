# SPDX-License-Identifier: Apache-2.0
# Benchmarks: each prints a ratio against a named peer in the same run.

MEASURE := $(B)/bench/measure
$(call program,host,$(MEASURE),tests/bench/measure.c)

# PAIRS="[KIND=]OLD:NEW ..." instead of what the archive offers; ONLY=text for
# the pairs with that in their name.
.PHONY: bench-delta
bench-delta: $(MEASURE) $(IMAGE_NEEDS)
	@/usr/bin/python3 tests/bench/delta.py --folder $(B)/bench --only '$(ONLY)' $(PAIRS)
