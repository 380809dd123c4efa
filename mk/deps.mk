# SPDX-License-Identifier: Apache-2.0
# What comes from the package archives: installed and built by tools/setup,
# once; the stamps are what everything else depends on.

SETUP := tools/setup

.PHONY: setup
setup: $(D)/packages.stamp $(D)/libs.stamp

$(D)/packages.stamp: $(SETUP)/packages.sh
	$(SETUP)/packages.sh
	@mkdir -p $(@D) && touch $@

$(D)/libs.stamp: $(SETUP)/libs.sh $(SETUP)/apt.sh mk/mbedtls_config.h \
                 mk/mbedtls_host.h mk/mbedtls_device.h | $(D)/packages.stamp
	$(SETUP)/libs.sh $(D)
	@touch $@

DEPS_host := $(D)/libs.stamp
DEPS_asan := $(D)/libs.stamp
DEPS_el2  := $(D)/libs.stamp
DEPS_el1  := $(D)/libs.stamp

# Two consecutive Debian arm64 cloud kernels and a static busybox:
# build/kernels/{old,new}/{Image,release}, build/kernels/busybox.
$(B)/kernels/kernels.stamp: $(SETUP)/kernels.sh $(SETUP)/apt.sh | $(D)/packages.stamp
	$(SETUP)/kernels.sh $(B)/kernels
	@touch $@
