# SPDX-License-Identifier: Apache-2.0
# The update partition's program, and the tests of what is pure in it.
UPDATE_EL1 := $(addprefix updater/el1/,start.S vectors.S main.c service.c beat.c guests.c loads.c \
                loader.c agent_tx.c boots.c statistics.c event_queue.c hv_calls.c hvc.c \
                platform.c disk.c disk_cache.c virtio_pci.c virtqueue.c pci.c clock.c gic.c ram.c mmu.c \
                console.c fault.c libc.c)

$(call image,el1,$(B)/updater/update,updater/el1/update.lds,$(UPDATE_EL1) $(UPDATER_ENGINE) \
  $(UPDATER_PACKAGE) $(UPDATER_DISK) $(DELTA_DECODER) $(BOOTFLOW_LAYOUT),\
  $(addprefix $(D)/el1/lib/,libmbedcrypto.a libfdt.a libz.a))

$(call unit-test,virtqueue,tests/unit/virtqueue_test.c updater/el1/virtqueue.c)
$(call unit-test,update_dt,tests/unit/update_dt_test.c updater/el1/platform.c,-lfdt)
$(call unit-test,agent_tx,tests/unit/agent_tx_test.c updater/el1/agent_tx.c)
$(call unit-test,event_queue,tests/unit/event_queue_test.c updater/el1/event_queue.c)
$(call unit-test,boots,tests/unit/boots_test.c updater/el1/boots.c updater/agent_line.c)
$(call unit-test,loader,tests/unit/loader_test.c updater/el1/loader.c $(BOOTFLOW_LAYOUT))
$(call unit-test,disk_cache,tests/unit/disk_cache_test.c updater/el1/disk_cache.c)
