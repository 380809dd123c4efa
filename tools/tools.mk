# SPDX-License-Identifier: Apache-2.0
# `segue`, the host's command-line tool; `segue-run`, the launcher; the
# development keys, the system image, and the scenarios of `make run`.

SEGUE := $(B)/bin/segue
SEGUE_RUN := $(B)/bin/segue-run
HOST_CRYPTO := $(D)/host/lib/libmbedcrypto.a

$(call tool,segue,$(sort $(wildcard tools/segue/*.c)) hv/vm/description.c \
        $(BOOTFLOW_STATE) $(BOOTFLOW_IMAGE) $(BOOTFLOW_FIT) \
        $(DELTA_DECODER) $(DELTA_ENCODER) $(UPDATER_PACKAGE) $(UPDATER_DISK),\
        $(HOST_CRYPTO) -lnettle -lfdt $(DELTA_ENCODER_LIBS))

$(call tool,segue-run,$(sort $(wildcard tools/run/*.c)) hv/vm/description.c $(BOOTFLOW_STATE) \
        $(addprefix tools/segue/,args.c report.c file.c output.c paths.c system.c nor_file.c) \
        $(addprefix updater/package/,canonical.c json.c jsmn.c),$(HOST_CRYPTO) -lfdt)

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
SYSTEM := $(B)/system.dtb
SYSTEM_PARTS := $(B)/bootflow/bootfw.bin $(B)/updater/update.bin $(KEYS)/image-key-hashes.bin \
                $(KEYS)/image-keys.bin $(KEYS)/root.json
$(SYSTEM): images/system.dts $(SYSTEM_PARTS)
	$(Q)dtc -q -I dts -O dtb $(addprefix -i ,$(sort $(dir $(SYSTEM_PARTS)))) -o $@ $<
ALL += $(SYSTEM)

# The scenarios: all guests run their old images, from their slots a; what the
# inbox holds is another matter each time.
RUN := $(B)/run
SCENARIO ?= good
# Of the system image only ids and sizes matter for an image.
IMAGE_NEEDS := $(SEGUE) images/system.dts $(KEYS)/image.pem $(B)/images/initramfs.cpio \
               $(B)/kernels/kernels.stamp | $(SYSTEM)

# $(call linux-image,GUEST,KERNEL,SECURITY-COUNTER,COMMAND-LINE): the version is
# that of Debian's package, 6.1.0-55 as 6.1.0+55.
define linux-image
@mkdir -p $(@D)
$(Q)$(SEGUE) image create --guest $(1) --kernel $(B)/kernels/$(2)/Image \
  --ramdisk $(B)/images/initramfs.cpio --cmdline "console=ttyAMA0 quiet panic=1 $(4)" \
  --version "$$(sed 's/^\([0-9.]*\)-\([0-9]*\).*/\1+\2/' $(B)/kernels/$(2)/release)" \
  --security-counter $(3) --key $(KEYS)/image.pem -o $@
endef

FAULTS := panic hang silent
SCENARIOS := good $(FAULTS) bad-signature wrong-base downgrade
ifeq ($(filter $(SCENARIO),$(SCENARIOS)),)
$(error there is no SCENARIO=$(SCENARIO), but: $(SCENARIOS))
endif
$(RUN)/personal-old.img: $(IMAGE_NEEDS)
	$(call linux-image,personal,old,2)
$(RUN)/personal-new.img: $(IMAGE_NEEDS)
	$(call linux-image,personal,new,3)
$(FAULTS:%=$(RUN)/personal-%.img): $(RUN)/personal-%.img: $(IMAGE_NEEDS)
	$(call linux-image,personal,new,3,segue.fault=$*)
$(RUN)/personal-downgrade.img: $(IMAGE_NEEDS)
	$(call linux-image,personal,new,1)
$(RUN)/personal-other.img: $(IMAGE_NEEDS)
	$(call linux-image,personal,old,2,another)
$(RUN)/work-old.img: $(IMAGE_NEEDS)
	$(call linux-image,work,old,2)
$(RUN)/rt-old.img: $(SEGUE) images/system.dts $(KEYS)/image.pem $(B)/images/rt-v1_0.bin | $(SYSTEM)
	@mkdir -p $(@D)
	$(Q)$(SEGUE) image create --guest rt --kernel $(B)/images/rt-v1_0.bin --raw --version 1.0 \
	  --security-counter 1 --key $(KEYS)/image.pem -o $@

# What each scenario's package leads from, and to.
FROM_good := old
TO_good := new
$(foreach f,$(FAULTS),$(eval FROM_$(f) := old)$(eval TO_$(f) := $(f)))
FROM_wrong-base := other
TO_wrong-base := new
FROM_downgrade := old
TO_downgrade := downgrade
TO_bad-signature := new

$(RUN)/package-%.tar: $$(RUN)/personal-$$(FROM_$$*).img $$(RUN)/personal-$$(TO_$$*).img \
                      $(KEYS)/root.json $(KEYS)/package.pem
	$(Q)$(SEGUE) package create --id $* --update personal=$(word 1,$^),$(word 2,$^) \
	  --root $(KEYS)/root.json --key $(KEYS)/package.pem -o $@
$(RUN)/package-bad-signature.tar: $(RUN)/package-good.tar tools/run/flip-signature
	$(Q)tools/run/flip-signature $< $@

SLOTS := personal_a=$(RUN)/personal-old.img work_a=$(RUN)/work-old.img rt_a=$(RUN)/rt-old.img
SLOT_FILES := $(foreach s,$(SLOTS),$(lastword $(subst =, ,$(s))))
DEVICE := $(SEGUE_RUN) $(B)/hv/hv.bin $(SYSTEM) $(SLOT_FILES) \
          $(RUN)/package-$(SCENARIO).tar $(RUN)/personal-$(TO_$(SCENARIO)).img

# Every run begins on a new device; two at a time would take it from each other,
# so the launcher holds a lock to its end.
new-device = exec 9>$(RUN)/lock && flock 9 && \
  $(SEGUE) disk create $(SLOTS:%=--put %) --put inbox=$(RUN)/package-$(SCENARIO).tar \
    -o $(RUN)/disk.img && \
  $(SEGUE) state create $(SLOTS:%=--slot %) -o $(RUN)/nor.img

.PHONY: run console
run: $(DEVICE)
	@$(new-device) && \
	exec $(SEGUE_RUN) --scenario $(SCENARIO) --disk $(RUN)/disk.img --nor $(RUN)/nor.img \
	  --image $(RUN)/personal-$(TO_$(SCENARIO)).img --package $(RUN)/package-$(SCENARIO).tar \
	  --folder $(RUN)
console: $(DEVICE)
	@$(new-device) && \
	exec $(SEGUE_RUN) --disk $(RUN)/disk.img --nor $(RUN)/nor.img
