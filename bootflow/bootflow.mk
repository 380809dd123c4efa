# SPDX-License-Identifier: Apache-2.0
# Sources by idea, for every program that uses them: the boot state (hv, tools),
# the image check (bootfw, updater, tools; needs Mbed TLS), placing (bootfw; needs libfdt).
BOOTFLOW_STATE := bootflow/slots.c bootflow/slots_event.c bootflow/crc32.c bootflow/record.c bootflow/journal.c
BOOTFLOW_LAYOUT := bootflow/image_layout.c
BOOTFLOW_IMAGE := $(BOOTFLOW_LAYOUT) bootflow/image.c
BOOTFLOW_FIT := bootflow/fit.c bootflow/place.c

BOOTFLOW_CRYPTO_asan := $(D)/host/lib/libmbedcrypto.a

$(foreach t,decision reachable rules differ odd,$(call unit-test,slots_$(t)_test,\
  tests/unit/slots_$(t)_test.c tests/unit/slots_rig.c bootflow/slots.c bootflow/slots_event.c))
$(call unit-test,record_test,tests/unit/record_test.c bootflow/record.c bootflow/slots.c \
  bootflow/slots_event.c bootflow/crc32.c)
$(call unit-test,journal_test,tests/unit/journal_test.c tests/unit/strict_nor.c $(BOOTFLOW_STATE))
$(call unit-test,journal_scan_test,tests/unit/journal_scan_test.c $(BOOTFLOW_STATE))
$(foreach t,verify layout,$(call unit-test,image_$(t)_test,\
  tests/unit/image_$(t)_test.c tests/unit/image_rig.c $(BOOTFLOW_IMAGE),$(BOOTFLOW_CRYPTO_asan)))
$(call unit-test,chosen_test,tests/unit/chosen_test.c bootflow/chosen.c,-lfdt)
$(call unit-test,fit_test,tests/unit/fit_test.c $(BOOTFLOW_FIT),-lfdt)

$(call image,el1,$(B)/bootflow/bootfw,bootflow/bootfw/bootfw.lds,$(addprefix bootflow/bootfw/,start.S \
  main.c mmu.c libc.c) bootflow/chosen.c $(BOOTFLOW_FIT) $(BOOTFLOW_IMAGE),\
  $(addprefix $(D)/el1/lib/,libmbedcrypto.a libfdt.a))
