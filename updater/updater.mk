# SPDX-License-Identifier: Apache-2.0
# Sources by idea: the package format (engine, tools; needs Mbed TLS and
# jsmn.h), disks (engine, tools), and the engine itself (needs the two others,
# DELTA_DECODER, BOOTFLOW_LAYOUT and zlib).
UPDATER_PACKAGE := $(addprefix updater/package/,ustar.c jsmn.c json.c canonical.c key.c \
                     manifest.c tuf.c chunks.c package.c)
