# SPDX-License-Identifier: Apache-2.0
# The update partition's program, and the tests of what is pure in it.

$(call unit-test,virtqueue,tests/unit/virtqueue_test.c updater/el1/virtqueue.c)
$(call unit-test,update_dt,tests/unit/update_dt_test.c updater/el1/platform.c,-lfdt)
$(call unit-test,agent_tx,tests/unit/agent_tx_test.c updater/el1/agent_tx.c)
$(call unit-test,event_queue,tests/unit/event_queue_test.c updater/el1/event_queue.c)
$(call unit-test,boots,tests/unit/boots_test.c updater/el1/boots.c updater/agent_line.c)
$(call unit-test,loader,tests/unit/loader_test.c updater/el1/loader.c $(BOOTFLOW_LAYOUT))
