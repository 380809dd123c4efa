# SPDX-License-Identifier: Apache-2.0
"""Pairs of consecutive versions, from what Debian's archive offers at this moment."""

import functools
import glob
import gzip
import os
import re
import shutil
import subprocess
import zlib
from dataclasses import dataclass

# The pairs that the goals name, besides the newest two of each series and flavour.
NAMED = [("6.1.0-53", "6.1.0-55", "-cloud"), ("6.1.0-55", "6.1.0-56", "-cloud"),
         ("6.12.115+deb12", "6.12.117+deb12", "-cloud")]
FLAVOURS = ["-cloud", "", "-rt"]
SERIES = {"6.1": r"6\.1\.0-\d+", "6.12": r"6\.12\.\d+\+deb12"}
# Versions between the ends of a longer jump.
JUMP = 4

ROOT_PACKAGES = """
    openssl libssl3 libc6 libc-bin systemd libsystemd-shared libsystemd0 libudev1 udev perl-base
    perl libperl5.36 python3.11-minimal libpython3.11-minimal libpython3.11-stdlib curl libcurl4
    libxml2 libexpat1 openssh-server openssh-client sudo
""".split()

# package, file in it
PROGRAMS = [
    ("xen-hypervisor-4.17-arm64", "boot/xen-*-arm64"),
    ("u-boot-qemu", "usr/lib/u-boot/qemu_arm64/u-boot.bin"),
    ("grub-efi-arm64-bin", "usr/lib/grub/arm64-efi/monolithic/grubaa64.efi"),
    ("grub-efi-arm64-bin", "usr/lib/grub/arm64-efi/monolithic/gcdaa64.efi"),
    ("systemd-boot-efi", "usr/lib/systemd/boot/efi/systemd-bootaa64.efi"),
    ("qemu-efi-aarch64", "usr/share/qemu-efi-aarch64/QEMU_EFI.fd"),
    ("libssl3", "usr/lib/aarch64-linux-gnu/libcrypto.so.3"),
    ("openssh-server", "usr/sbin/sshd"),
]


@dataclass
class Pair:
    name: str
    kind: str  # a key of delta.py's goals, or ""
    old: str
    new: str


class Archive:
    """A private apt state, as tools/setup has it, and what was unpacked with its help."""

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        os.makedirs(self.folder, exist_ok=True)
        subprocess.run(["sh", "-euc", '. tools/setup/apt.sh; apt_private "$1" >/dev/null', "apt",
                        f"{self.folder}/apt"], check=True)
        self.environment = dict(os.environ, APT_CONFIG=f"{self.folder}/apt/apt.conf")
        self.lacking = []

    def apt(self, *command, folder=None):
        return subprocess.run(command, env=self.environment, cwd=folder, check=True,
                              stdout=subprocess.PIPE, text=True).stdout

    @functools.cached_property
    def kernels(self):
        return self.apt("apt-cache", "pkgnames", "linux-image-").split()

    @functools.lru_cache
    def versions(self, package):
        """Offered versions of a binary package, the oldest first."""
        rows = [line.split("|") for line in self.apt("apt-cache", "madison", package).splitlines()]
        found = {row[1].strip() for row in rows if row[2].strip().endswith("Packages")}

        def order(a, b):
            return -1 if subprocess.run(["dpkg", "--compare-versions", a, "lt", b]).returncode == 0 else 1
        return sorted(found, key=functools.cmp_to_key(order))

    def unpacked(self, package, version):
        """The folder that holds the package's files; fetched once."""
        folder = os.path.join(self.folder, "packages", f"{package}_{version}".replace(":", "."))
        if not os.path.isdir(folder):
            part = f"{folder}.part"
            shutil.rmtree(part, ignore_errors=True)
            os.makedirs(part)
            self.apt("apt-get", "download", "-q", f"{package}={version}", folder=part)
            deb = glob.glob(f"{part}/*.deb")[0]
            subprocess.run(["dpkg-deb", "-x", deb, f"{part}/root"], check=True)
            os.remove(deb)
            os.rename(part, folder)
        return f"{folder}/root"

    def lack(self, what):
        self.lacking.append(what)

    # ---- Kernels ----

    def kernel(self, release):
        """The Image of a kernel and its package's version."""
        package = f"linux-image-{release}"
        version = self.versions(package)[-1]
        return f"{self.unpacked(package, version)}/boot/vmlinuz-{release}", version

    def kernel_pair(self, series, old, new):
        a, b = (self.kernel(release) for release in (old, new))
        # A packaging revision keeps the upstream version.
        revision = a[1].rpartition("-")[0] == b[1].rpartition("-")[0]
        return Pair(f"kernel {old} -> {new}".replace("-arm64", ""),
                    "revision" if revision else series, a[0], b[0])

    def releases(self, series, flavour):
        """Offered releases, the oldest first."""
        pattern = re.compile(rf"linux-image-({SERIES[series]}){flavour}-arm64")
        found = [m[1] for m in map(pattern.fullmatch, self.kernels) if m]
        return sorted(found, key=lambda release: [int(n) for n in re.findall(r"\d+", release)])

    def kernel_pairs(self, wanted):
        choice = []
        for old, new, flavour in NAMED:
            series = "6.12" if old.startswith("6.12") else "6.1"
            if {old, new} <= set(self.releases(series, flavour)):
                choice.append((series, old, new, flavour))
            else:
                self.lack(f"kernel {old}{flavour} -> {new}{flavour}")
        for flavour in FLAVOURS:
            for series in SERIES:
                found = self.releases(series, flavour)
                if len(found) < 2:
                    self.lack(f"two kernels {series}{flavour}")
                    continue
                choice.append((series, *found[-2:], flavour))
        for series in SERIES:
            found = self.releases(series, "-cloud")
            if len(found) > JUMP:
                choice.append((f"{series} jump", found[-1 - JUMP], found[-1], "-cloud"))
        for series, old, new, flavour in dict.fromkeys(choice):
            name = f"kernel {old}{flavour} -> {new}{flavour}"
            if wanted(name):
                yield self.kernel_pair(series, f"{old}{flavour}-arm64", f"{new}{flavour}-arm64")

    # ---- Everything else ----

    def two(self, package):
        """All offered versions of a package, if there are two at least."""
        versions = self.versions(package)
        if len(versions) < 2:
            self.lack(f"two versions of {package}")
        return versions if len(versions) > 1 else None

    def root_pair(self):
        packages = [p for p in ROOT_PACKAGES if self.two(p)]
        out = []
        for end, name in ((0, "old"), (-1, "new")):
            tree = os.path.join(self.folder, f"root-{name}")
            shutil.rmtree(tree, ignore_errors=True)
            for package in packages:
                shutil.copytree(self.unpacked(package, self.versions(package)[end]), tree, symlinks=True,
                                dirs_exist_ok=True)
            out.append(f"{tree}.cpio")
            with open(out[-1], "wb") as cpio:
                subprocess.run("find . | LC_ALL=C sort | cpio --quiet -o -H newc -R +0:+0 --reproducible",
                               shell=True, cwd=tree, check=True, stdout=cpio)
            shutil.rmtree(tree)
        return Pair(f"rootfs, cpio of {len(packages)} packages", "rootfs", *out)

    def program_pair(self, package, pattern):
        if not self.two(package):
            return None
        newest, files = self.versions(package)[-2:], []
        for version in newest:
            found = sorted(glob.glob(f"{self.unpacked(package, version)}/{pattern}"))
            if not found:
                self.lack(f"{pattern} in {package} {version}")
                return None
            files.append(expanded(found[0]))
        name = os.path.basename(files[1]).removesuffix(".raw")
        # Compressed firmware is noise to any delta: no goal.
        kind = "" if compressed(files[1]) else "program"
        return Pair(f"{name} {newest[0]} -> {newest[1]}", kind, *files)


def compressed(path):
    """Is more than half of it noise, padding apart?"""
    with open(path, "rb") as f:
        blocks = [block for block in iter(lambda: f.read(4096), b"") if len(set(block)) > 1]
    noise = [block for block in blocks if len(zlib.compress(block, 1)) > 0.95 * len(block)]
    return 2 * len(noise) > len(blocks)


def expanded(path):
    """The file itself, or what is gzipped in it."""
    with open(path, "rb") as f:
        data = f.read()
    if data[:2] != b"\x1f\x8b":
        return path
    with open(f"{path}.raw", "wb") as f:
        f.write(gzip.decompress(data))
    return f"{path}.raw"


def pairs(archive, wanted):
    yield from archive.kernel_pairs(wanted)
    if wanted("rootfs"):
        yield archive.root_pair()
    for package, pattern in PROGRAMS:
        if wanted(f"program {package}"):
            pair = archive.program_pair(package, pattern)
            if pair:
                yield pair
