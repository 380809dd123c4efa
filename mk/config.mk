# SPDX-License-Identifier: Apache-2.0
# Compilers, flags and the four variants that every portable source can be
# compiled for:
#   host   the command-line tools
#   asan   the unit tests, under ASan and UBSan
#   el2    the hypervisor: freestanding, no FP registers, position-independent
#   el1    bootfw, the update partition, bare guests: picolibc

B := build
D := $(B)/deps

HOST_CC  := gcc
CROSS    := aarch64-linux-gnu-
CROSS_CC := $(CROSS)gcc

WARN := -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow \
        -Wmissing-prototypes -Wvla -Werror
COMMON := -std=c11 $(WARN) -g -MMD -MP -I. -Iinclude

# Mbed TLS reads its configuration at every inclusion of its headers.
mbedtls = -Imk -DMBEDTLS_CONFIG_FILE='<mbedtls_config.h>' \
          -DMBEDTLS_USER_CONFIG_FILE='<mbedtls_$(1).h>'

CC_host := $(HOST_CC)
CC_asan := $(HOST_CC)
CC_el2  := $(CROSS_CC)
CC_el1  := $(CROSS_CC)

CFLAGS_host := $(COMMON) -O2 -D_GNU_SOURCE -isystem $(D)/host/include $(call mbedtls,host)
CFLAGS_asan := $(COMMON) -O1 -D_GNU_SOURCE -isystem $(D)/host/include $(call mbedtls,host) \
               -fsanitize=address,undefined -fno-sanitize-recover=all \
               -fno-omit-frame-pointer

DEVICE := -march=armv8-a -mstrict-align -fpie -fvisibility=hidden \
          -fno-common -ffunction-sections -fdata-sections -mno-outline-atomics
CFLAGS_el2 := $(COMMON) -O2 $(DEVICE) -ffreestanding -mgeneral-regs-only \
              -fno-stack-protector -isystem $(D)/el2/include
CFLAGS_el1 := $(COMMON) -O2 $(DEVICE) -fno-stack-protector \
              --specs=$(D)/picolibc.specs -isystem $(D)/el1/include \
              $(call mbedtls,device)

LDFLAGS_host :=
LDFLAGS_asan := -fsanitize=address,undefined
LDFLAGS_el2  := -nostdlib -static-pie -Wl,--gc-sections,-z,text,-z,noexecstack \
                -Wl,--no-dynamic-linker,--build-id=none
LDFLAGS_el1  := --specs=$(D)/picolibc.specs -nostartfiles -static-pie \
                -Wl,--gc-sections,-z,text,-z,noexecstack \
                -Wl,--no-dynamic-linker,--build-id=none
