#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetches the two newest Debian arm64 cloud kernels of the release's own series
# and a static busybox: DIR/{old,new}/{Image,release}, DIR/busybox.
# Usage: kernels.sh DIR
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
# shellcheck source=tools/setup/apt.sh
. "$here/apt.sh"
apt_private "$out/apt"

# The metapackage names the series (6.1.0 on Debian 12); both kernels are of it.
newest=$(apt-cache depends linux-image-cloud-arm64 |
    sed -n 's/^ *Depends: linux-image-\(.*\)-cloud-arm64$/\1/p' | head -n 1)
series=${newest%-*}
versions=$(apt-cache pkgnames linux-image- |
    sed -n "s/^linux-image-\($series-[0-9.]*\)-cloud-arm64\$/\1/p" | sort -V | tail -n 2)
if [ "$(echo "$versions" | wc -l)" -ne 2 ]; then
    echo "setup: the archive offers fewer than two $series cloud kernels" >&2
    exit 1
fi

unpack() { # PACKAGE DIR: downloads and unpacks one package
    rm -rf "$2" && mkdir -p "$2"
    (cd "$2" && apt-get download -q "$1" >/dev/null && dpkg-deb -x ./*.deb root && rm -f ./*.deb)
}

set -- old new
for v in $versions; do
    unpack "linux-image-$v-cloud-arm64" "$out/$1"
    mv "$out/$1/root/boot/vmlinuz-$v-cloud-arm64" "$out/$1/Image"
    echo "$v-cloud-arm64" >"$out/$1/release"
    rm -rf "$out/$1/root"
    shift
done
unpack busybox-static "$out/bb"
mv "$(find "$out/bb/root" -type f -path '*bin/busybox' | head -n 1)" "$out/busybox"
rm -rf "$out/bb"
