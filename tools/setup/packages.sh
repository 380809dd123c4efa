#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that Segue is built and tested with. Safe to run
# again: it asks apt only for what is missing.
set -eu

packages='
    gcc g++ make git ca-certificates debian-archive-keyring dpkg-dev xz-utils cpio
    gcc-aarch64-linux-gnu libc6-dev-arm64-cross picolibc-aarch64-linux-gnu
    qemu-system-arm gdb-multiarch device-tree-compiler
    libfdt-dev zlib1g-dev nettle-dev libbz2-dev libdeflate-dev libdivsufsort-dev libjsmn-dev libcmocka-dev
    python3 python3-venv python3-pytest
    bsdiff xdelta3 zstd clang libclang-rt-dev
'

missing=
for p in $packages; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

echo "setup: installing$missing"
sudo=
if [ "$(id -u)" -ne 0 ]; then sudo=sudo; fi
if [ -n "$sudo" ] && ! command -v sudo >/dev/null; then
    echo "setup: there is no sudo; as root, run: $0" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -q
# shellcheck disable=SC2086  # a list of words
$sudo apt-get install -q -y --no-install-recommends $missing
