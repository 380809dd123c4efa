# SPDX-License-Identifier: Apache-2.0
# Sources by idea: the package format (engine, tools; needs Mbed TLS and
# jsmn.h), disks (engine, tools), and the engine itself (needs the two others,
# DELTA_DECODER, BOOTFLOW_LAYOUT and zlib).
UPDATER_PACKAGE := $(addprefix updater/package/,ustar.c jsmn.c json.c canonical.c key.c \
                     manifest.c tuf.c chunks.c package.c)

UPDATER_DISK := updater/gpt.c updater/partition.c

UPDATER_ENGINE := $(addprefix updater/,engine.c engine_idle.c engine_open.c engine_apply.c \
                    engine_trial.c engine_refill.c engine_agent.c checkpoint.c events.c \
                    agent_line.c)

UPDATER_CRYPTO := $(D)/host/lib/libmbedcrypto.a

$(call unit-test,ustar_test,tests/unit/ustar_test.c tests/unit/memory_storage.c \
  updater/package/ustar.c)
$(call unit-test,canonical_test,tests/unit/canonical_test.c updater/package/canonical.c \
  updater/package/json.c updater/package/jsmn.c,$(UPDATER_CRYPTO))

include updater/el1/el1.mk
$(call unit-test,gpt_test,tests/unit/gpt_test.c updater/gpt.c updater/partition.c,-lz)
$(foreach t,vectors root targets,$(call unit-test,tuf_$(t)_test,\
  $(addprefix tests/unit/,tuf_$(t)_test.c tuf_rig.c package_maker.c) $(UPDATER_PACKAGE),$(UPDATER_CRYPTO)))
$(call unit-test,package_test,tests/unit/package_test.c tests/unit/package_maker.c \
  tests/unit/memory_storage.c $(UPDATER_PACKAGE),$(UPDATER_CRYPTO))
# What runs the engine on a fake device.
ENGINE_ON_A_FAKE := $(addprefix tests/unit/,engine_fixture.c fake_world.c package_maker.c) \
  $(UPDATER_ENGINE) $(UPDATER_PACKAGE) $(DELTA_DECODER) $(DELTA_ENCODER) $(BOOTFLOW_LAYOUT) \
  bootflow/slots.c bootflow/slots_event.c
$(foreach t,update consent trial cuts odd checks answers,$(call unit-test,engine_$(t)_test,\
  tests/unit/engine_$(t)_test.c $(ENGINE_ON_A_FAKE),$(UPDATER_CRYPTO) $(DELTA_ENCODER_LIBS)))
$(foreach t,forged_manifest_test forged_chunks_test forged_archive_test,$(call unit-test,$(t),\
  tests/unit/$(t).c tests/unit/forgery.c $(ENGINE_ON_A_FAKE),$(UPDATER_CRYPTO) \
  $(DELTA_ENCODER_LIBS)))
$(call unit-test,checkpoint_test,tests/unit/checkpoint_test.c tests/unit/memory_storage.c \
  updater/checkpoint.c,-lz)
$(call unit-test,agent_line_test,tests/unit/agent_line_test.c updater/agent_line.c \
  updater/events.c)
