# SPDX-License-Identifier: Apache-2.0
# `segue`, the host's command-line tool; the development keys; the system image.

SEGUE := $(B)/bin/segue

$(call tool,segue,$(sort $(wildcard tools/segue/*.c)) hv/vm/description.c \
        $(BOOTFLOW_STATE) $(BOOTFLOW_IMAGE) $(BOOTFLOW_FIT) \
        $(DELTA_DECODER) $(DELTA_ENCODER) $(UPDATER_PACKAGE) $(UPDATER_DISK),\
        $(D)/host/lib/libmbedcrypto.a -lfdt $(DELTA_ENCODER_LIBS))

# Development keys, made once. A product has its own, and keeps them elsewhere.
KEYS := $(B)/keys
$(KEYS)/%.pem: | $(SEGUE)
	@mkdir -p $(@D)
	$(Q)$(SEGUE) key generate -o $@
.PRECIOUS: $(KEYS)/%.pem

# What the device is given of them: the accepted image keys, and who may sign
# packages.
$(KEYS)/image-keys.bin: $(KEYS)/image.pem $(KEYS)/image-next.pem
	$(Q)$(SEGUE) key public --format der -o $@ $^
$(KEYS)/image-key-hashes.bin: $(KEYS)/image.pem $(KEYS)/image-next.pem
	$(Q)$(SEGUE) key public --format sha256-binary -o $@ $^
$(KEYS)/root.json: $(KEYS)/root.pem $(KEYS)/package.pem
	$(Q)$(SEGUE) root create --root-key $(KEYS)/root.pem --package-key $(KEYS)/package.pem -o $@

# The system image: what hv gets as its initrd.
SYSTEM_PARTS := $(B)/bootflow/bootfw.bin $(B)/updater/update.bin $(KEYS)/image-key-hashes.bin \
                $(KEYS)/image-keys.bin $(KEYS)/root.json
$(B)/system.dtb: images/system.dts $(SYSTEM_PARTS)
	$(Q)dtc -q -I dts -O dtb $(addprefix -i ,$(sort $(dir $(SYSTEM_PARTS)))) -o $@ $<
ALL += $(B)/system.dtb
