# SPDX-License-Identifier: Apache-2.0
"""`segue` driven through its command line, on images of a few hundred kilobytes."""

import os
import random
import shutil
import struct
import subprocess
import sys

import pytest

SEGUE = os.path.abspath("build/bin/segue")
SYSTEM_SOURCE = os.path.abspath("images/system.dts")
KERNEL_SIZE = 1_500_000


def kernel(seed, changes=0):
    """Bytes with an arm64 Image's header; `changes` of them differ from the same seed's."""
    data = bytearray(random.Random(seed).randbytes(KERNEL_SIZE))
    struct.pack_into("<IIQQQ", data, 0, 0x14000010, 0, 0, KERNEL_SIZE + 0x10000, 0xA)
    data[0x38:0x3C] = b"ARM\x64"
    places = random.Random(changes)
    for _ in range(changes):
        data[places.randrange(64, KERNEL_SIZE)] ^= 0x55
    return bytes(data)


class Workshop:
    """A folder with keys, a system image and the tool."""

    def __init__(self, folder):
        self.folder = str(folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data)
        return self.path(name)

    def read(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()

    def run(self, *args, program=None):
        return subprocess.run([program or SEGUE, *map(str, args)], cwd=self.folder,
                              capture_output=True, text=True, timeout=120)

    def segue(self, *args):
        """Must succeed; returns stdout."""
        done = self.run(*args)
        assert done.returncode == 0, f"segue {' '.join(map(str, args))}\n{done.stderr}"
        return done.stdout

    def refused(self, number, *args, status=1):
        """Must fail with this error number; returns stderr."""
        done = self.run(*args)
        assert done.returncode == status, done.stderr + done.stdout
        assert done.stderr.startswith(f"segue: error {number}: "), done.stderr
        return done.stderr

    def image(self, out, guest="personal", source="old-Image", counter=1, version="1.0", key="image",
              extra=()):
        self.segue("image", "create", "--vms", "system.dtb", "--guest", guest, "--kernel", source,
                   "--version", version, "--security-counter", counter, "--key", f"{key}.pem",
                   "-o", out, *extra)
        return out


def watched(folder, command):
    """What the command shows on a terminal, which script(1) gives it."""
    return subprocess.run(["script", "-qec", command, "/dev/null"], cwd=folder, check=True,
                          capture_output=True, text=True, timeout=600).stdout


def furnish(folder):
    """What every test begins with, but for keys and system image."""
    shop = Workshop(folder)
    shop.write("old-Image", kernel(1))
    shop.write("new-Image", kernel(1, changes=3000))
    shop.write("initramfs.cpio", random.Random(2).randbytes(100_000))
    shop.write("rt.bin", random.Random(3).randbytes(50_000))
    shop.write("bootfw.bin", b"bootfw")
    shop.write("update.bin", b"update")
    shutil.copy(SYSTEM_SOURCE, shop.path("system.dts"))
    return shop


def make_system(shop):
    shop.segue("key", "public", "--format", "der", "-o", "image-keys.bin", "image.pem",
               "image-next.pem")
    shop.segue("key", "public", "--format", "sha256-binary", "-o", "image-key-hashes.bin",
               "image.pem", "image-next.pem")
    shop.segue("root", "create", "--root-key", "root.pem", "--package-key", "package.pem",
               "-o", "root.json")
    subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", "system.dtb", "system.dts"],
                   cwd=shop.folder, check=True)


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    """Keys, system image, images, delta and package that tests may read."""
    shop = furnish(tmp_path_factory.mktemp("base"))
    for name in ("image", "image-next", "stranger", "root", "package"):
        shop.segue("key", "generate", "-o", f"{name}.pem")
    make_system(shop)
    shop.image("old.img")
    shop.image("new.img", source="new-Image", counter=2, version="1.1")
    shop.image("work.img", guest="work")
    shop.image("rt.img", guest="rt", source="rt.bin", extra=["--raw"])
    shop.segue("delta", "create", "--from", "old.img", "--to", "new.img", "-o", "good.delta")
    shop.segue("package", "create", "--vms", "system.dtb", "--id", "base", "--update",
               "personal=old.img,new.img", "--root", "root.json", "--key", "package.pem",
               "-o", "package.tar")
    return shop


@pytest.fixture
def shop(base, tmp_path):
    """A folder of its own with links to all of base's files."""
    for name in os.listdir(base.folder):
        os.symlink(base.path(name), tmp_path / name)
    return Workshop(tmp_path)


@pytest.fixture
def bare(tmp_path):
    """A folder with sources only."""
    return furnish(tmp_path)


@pytest.fixture
def imgtool(shop):
    """MCUboot's own tool; the test is skipped where it is not installed."""
    pytest.importorskip("imgtool", reason="imgtool is not installed (PyPI)")

    def run(*args):
        done = subprocess.run([sys.executable, "-m", "imgtool.main", *args], cwd=shop.folder,
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
    return run
