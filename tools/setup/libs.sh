#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetches Mbed TLS (source), libfdt and zlib (Debian's arm64 builds) through apt,
# which checks their signatures, and lays out for each variant of mk/config.mk
# DIR/VARIANT/{include,lib}. Usage: libs.sh DIR
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
# shellcheck source=tools/setup/apt.sh
. "$here/apt.sh"

device='-O2 -march=armv8-a -mstrict-align -fpie -fno-common -ffunction-sections
        -fdata-sections -mno-outline-atomics -fno-stack-protector -U_FORTIFY_SOURCE'
cross=aarch64-linux-gnu-
jobs=$(nproc)

fetch() { # PACKAGE: unpacks its source to src/PACKAGE
    [ -d "$out/src/$1" ] && return
    mkdir -p "$out/src/$1.part"
    (cd "$out/src/$1.part" && apt-get source -q --only-source "$1" >/dev/null)
    mv "$out/src/$1.part/"*/ "$out/src/$1"
    rm -rf "$out/src/$1.part"
}

# picolibc's own spec file takes over -isystem, start files and the linker
# script; ours only names its headers and libraries.
picolibc_specs() {
    base=$(dirname "$(dpkg -L picolibc-aarch64-linux-gnu | grep '/picolibc.specs$')")
    include=$(dirname "$(dpkg -L picolibc-aarch64-linux-gnu | grep '/include/stdio.h$')")
    cat >"$out/picolibc.specs" <<EOF
%rename cpp picolibc_cpp
%rename cc1 picolibc_cc1
%rename link picolibc_link

*cpp:
-isystem $include %(picolibc_cpp)

*cc1:
-ftls-model=local-exec %(picolibc_cc1)

*link:
-L$base/lib/release %(picolibc_link)

*lib:
--start-group -lc -lgcc --end-group

*libgcc:
-lgcc
EOF
}

objects() { # VARIANT LIBRARY CC-AND-FLAGS SOURCES...: compiles into lib/LIBRARY
    variant=$1 library=$2 compile=$3
    shift 3
    dir="$out/obj/$variant/$library"
    mkdir -p "$dir" "$out/$variant/lib"
    for s in "$@"; do
        echo $compile "-w -c -o $dir/$(basename "$s" .c).o $s"
    done | tr '\n' '\0' | xargs -0 -P "$jobs" -I{} sh -c '{}'
    rm -f "$out/$variant/lib/$library"
    case $variant in
    host) ar rcs "$out/$variant/lib/$library" "$dir"/*.o ;;
    *) ${cross}ar rcs "$out/$variant/lib/$library" "$dir"/*.o ;;
    esac
}

mbedtls() { # VARIANT USER-CONFIG CC-AND-FLAGS
    src=$out/src/mbedtls
    mkdir -p "$out/$1/include"
    cp -r "$src/include/mbedtls" "$src/include/psa" "$out/$1/include/"
    objects "$1" libmbedcrypto.a \
        "$3 -I$top/mk -I$out/$1/include -I$src/library
            -DMBEDTLS_CONFIG_FILE='<mbedtls_config.h>' -DMBEDTLS_USER_CONFIG_FILE='<$2>'" \
        "$src"/library/*.c
}

# libfdt and zlib need nothing that Debian's own arm64 build would lack.
arm64_package() { # PACKAGE: its static libraries and headers
    package=$1
    rm -rf "$out/src/$package" && mkdir -p "$out/src/$package"
    (cd "$out/src/$package" && apt-get download -q "$package" >/dev/null &&
        dpkg-deb -x ./*.deb . && rm -f ./*.deb)
    root=$out/src/$package/usr
    for variant in el1 el2; do
        mkdir -p "$out/$variant/include" "$out/$variant/lib"
        find "$root/include" -name '*.h' -exec cp {} "$out/$variant/include/" ';'
        cp "$root"/lib/*/*.a "$out/$variant/lib/"
    done
}

apt_private "$out/apt"
fetch mbedtls
picolibc_specs

el1="${cross}gcc $(echo $device) --specs=$out/picolibc.specs"

mbedtls host mbedtls_host.h "gcc -O2 -g -fPIC"
mbedtls el1 mbedtls_device.h "$el1"
arm64_package libfdt-dev
arm64_package zlib1g-dev
mkdir -p "$out/el1/include" "$out/host/include"
cp /usr/include/jsmn.h "$out/el1/include/"
