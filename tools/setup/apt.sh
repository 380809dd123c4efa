# SPDX-License-Identifier: Apache-2.0
# Sourced. A private apt state below $1, which serves arm64 packages of Debian
# 12 and source packages of Debian 13 whatever the machine itself runs. The
# archives and their keys are those of the machine's own configuration, which
# is only read.

KERNEL_SUITE=bookworm
SOURCE_SUITE=trixie
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

archive() { # LABEL: the archive's address in the machine's own configuration
    apt-get indextargets --format '$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
        sed -n "s/^$1|//p" | head -n 1
}

apt_private() { # DIR: makes the state, once, and points APT_CONFIG at it
    state=$(mkdir -p "$1" && cd "$1" && pwd)
    main=$(archive Debian)
    security=$(archive Debian-Security)
    if [ -z "$main" ]; then
        apt-get update -q
        main=$(archive Debian)
        security=$(archive Debian-Security)
    fi
    if [ -z "$main" ]; then
        echo "setup: no Debian archive in this machine's apt sources" >&2
        exit 1
    fi
    : "${security:=${main%/}-security/}"
    mkdir -p "$state/lists/partial" "$state/archives/partial"
    : >"$state/status"
    cat >"$state/sources.sources" <<EOF
Types: deb
URIs: $main
Suites: $KERNEL_SUITE $KERNEL_SUITE-updates
Components: main
Architectures: arm64
Signed-By: $KEYRING

Types: deb
URIs: $security
Suites: $KERNEL_SUITE-security
Components: main
Architectures: arm64
Signed-By: $KEYRING

Types: deb-src
URIs: $main
Suites: $SOURCE_SUITE
Components: main
Signed-By: $KEYRING
EOF
    cat >"$state/apt.conf" <<EOF
Dir::State "$state";
Dir::State::status "$state/status";
Dir::Cache "$state";
Dir::Etc::sourcelist "$state/sources.sources";
Dir::Etc::sourceparts "-";
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Sandbox::User "";
EOF
    export APT_CONFIG="$state/apt.conf"
    apt-get update -q
}
