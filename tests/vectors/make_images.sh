#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes tests/vectors/image/ with MCUboot's imgtool (2.5.0 was used) and openssl.
#
#     tests/vectors/make_images.sh tests/vectors/image
#
# The key is new at each run; the tests depend on the files' relations only:
#
#     key.der      the public key (SubjectPublicKeyInfo)
#     hash.img     names its key by hash
#     full.img     brings its key
#     ramload.img  with a load address, a dependency and a TLV of its own, protected
set -eu

out=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

imgtool keygen -k "$work/key.pem" -t ecdsa-p256
openssl pkey -in "$work/key.pem" -pubout -outform DER -out "$out/key.der"
seq -s ' ' 100 | head -c 100 >"$work/payload"

sign() {
        imgtool sign -k "$work/key.pem" --align 1 -v 1.2.3+4 -s 7 -H 64 --pad-header -S 0x10000 \
                --vid 73656775-6500-4000-8000-000000000001 \
                --cid 73656775-6500-4000-8000-000000000102 "$@"
}

sign --public-key-format hash "$work/payload" "$out/hash.img"
sign --public-key-format full "$work/payload" "$out/full.img"
sign --load-addr 0x40080000 -d '(1, 1.2.3+0)' --custom-tlv 0x00a5 0x0102 \
        "$work/payload" "$out/ramload.img"
