# SPDX-License-Identifier: Apache-2.0

# Page tables and VM descriptions: pure, so they are tested on the host.
FAKE_MMU := tests/unit/fake_arch/fake_mmu.c
$(call unit-test,pgtable,tests/unit/pgtable_test.c $(FAKE_MMU) hv/mm/pgtable.c)
$(call unit-test,stage2,tests/unit/stage2_test.c $(FAKE_MMU) hv/mm/stage2.c hv/mm/pgtable.c)

# The shipped description, with stand-ins for the binaries in it.
SYSTEM_STUBS := $(addprefix $(B)/unit/data/,bootfw.bin:16 update.bin:4096 \
  image-key-hashes.bin:64 image-keys.bin:182 root.json:1000)
$(B)/unit/data/system.dtb: images/system.dts
	@mkdir -p $(@D)
	@for f in $(SYSTEM_STUBS); do truncate -s $${f#*:} $${f%:*}; done
	$(Q)dtc -q -i $(@D) -O dtb -o $@ $<
$(call unit-test,description,tests/unit/description_test.c hv/vm/description.c,-lfdt)
$(call unit-test,guest_fdt,tests/unit/guest_fdt_test.c hv/vm/guest_fdt.c hv/vm/description.c \
  updater/el1/platform.c,-lfdt)
$(B)/unit/description $(B)/unit/guest_fdt: | $(B)/unit/data/system.dtb

# PSCI, hypercalls and events against VMs without cores.
FAKE_VM := $(addprefix tests/unit/fake_arch/,fake_vm.c fake_calls.c)
$(call unit-test,psci,tests/unit/psci_test.c $(FAKE_VM) hv/vm/psci.c hv/vm/smccc.c)
$(call unit-test,events,tests/unit/events_test.c $(FAKE_VM) hv/vm/events.c)
HYPERCALL_RIG := tests/unit/hypercall_rig.c $(FAKE_VM) tests/unit/strict_nor.c \
  $(addprefix hv/vm/,hypercall.c slots.c boot_state.c events.c life.c) $(BOOTFLOW_STATE)
$(call unit-test,hypercall,tests/unit/hypercall_test.c $(HYPERCALL_RIG))
$(call unit-test,hypercall_trial,tests/unit/hypercall_trial_test.c $(HYPERCALL_RIG))
$(call unit-test,boot_state,tests/unit/boot_state_test.c $(FAKE_VM) tests/unit/strict_nor.c \
  $(addprefix hv/vm/,slots.c boot_state.c events.c life.c) $(BOOTFLOW_STATE))

# VMs' lives and loads against a machine without cores; the wrapped ones say when another core acts.
FAKE_WRAPS := $(addprefix -Wl$(comma)--wrap=,slots_due slots_stopped slots_is_resident)
VM_RIG := $(addprefix tests/unit/,vm_rig.c strict_nor.c) $(FAKE_MMU) \
  $(addprefix tests/unit/fake_arch/,fake_vm.c fake_core.c) hv/mm/stage2.c hv/mm/pgtable.c \
  $(addprefix hv/vm/,vm.c load.c life.c hypercall.c slots.c boot_state.c events.c) $(BOOTFLOW_STATE)
$(call unit-test,vm,tests/unit/vm_test.c $(VM_RIG),$(FAKE_WRAPS))
$(call unit-test,vm_limits,tests/unit/vm_limits_test.c $(VM_RIG),$(FAKE_WRAPS))
$(call unit-test,load,tests/unit/load_test.c $(VM_RIG),$(FAKE_WRAPS))
$(call unit-test,load_breaks,tests/unit/load_breaks_test.c $(VM_RIG),$(FAKE_WRAPS))
$(call unit-test,load_walk,tests/unit/load_walk_test.c tests/unit/fake_update.c \
  $(addprefix updater/el1/,loads.c loader.c) $(BOOTFLOW_LAYOUT) $(VM_RIG),$(FAKE_WRAPS) -Wl$(comma)--wrap=printf)

# The virtual GIC against a model of the hardware under it.
VGIC := $(addprefix hv/vgic/,vgic.c irq.c lr.c sgi.c regs.c dist.c redist.c)
VGIC_RIG := tests/unit/vgic_rig.c tests/unit/fake_arch/fake_gic.c $(VGIC)
$(call unit-test,vgic,tests/unit/vgic_test.c $(VGIC_RIG))
$(call unit-test,vgic_cores,tests/unit/vgic_cores_test.c $(VGIC_RIG))

# Emulated devices and the console.
$(call unit-test,pl011,tests/unit/pl011_test.c hv/vdev/vpl011.c hv/vdev/agent.c)
$(call unit-test,console,tests/unit/console_test.c hv/vdev/console.c)

$(call unit-test,late_beats,tests/unit/late_beats_test.c hv/vm/beats.c)

# The NOR driver against chips that refuse what real ones refuse.
$(call unit-test,nor,tests/unit/nor_test.c tests/unit/fake_arch/fake_nor.c \
        $(addprefix hv/machine/,nor.c nor_cfi.c nor_part.c))

# The machine's description, and hv's small pure parts.
$(B)/unit/data/board.dtb: tests/unit/data/board.dts
	@mkdir -p $(@D)
	$(Q)dtc -q -O dtb -o $@ $<
$(call unit-test,board,tests/unit/board_test.c hv/machine/board.c,-lfdt)
$(B)/unit/board: | $(B)/unit/data/board.dtb
$(call unit-test,hv_core,tests/unit/hv_core_test.c hv/core/log.c hv/core/random.c hv/mm/heap.c \
  hv/mm/memory.c hv/vm/id_registers.c hv/vm/life.c hv/vm/mmio.c)

# The SMMU's tables and queues.
$(call unit-test,smmu,tests/unit/smmu_test.c hv/machine/smmu_tables.c hv/machine/smmu_queue.c)

# The hypervisor: build/hv/hv.bin, started by the arm64 Linux boot protocol.
HV := $(wildcard hv/*/*.c hv/*/*.S) $(addprefix bootflow/,slots.c slots_event.c journal.c record.c crc32.c)
$(call image,el2,$(B)/hv/hv,hv/hv.lds,$(HV),$(D)/el2/lib/libfdt.a)
