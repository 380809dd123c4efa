# SPDX-License-Identifier: Apache-2.0
"""Devices for the scenarios: images, packages, disks and NOR banks, all made with `segue` as a
carrier would make them."""

import functools
import json
import os
import shutil
import subprocess

SEGUE = "build/bin/segue"
KEYS = "build/keys"
WORK = "build/qemu-tests"
INITRAMFS = "build/images/initramfs.cpio"


def segue(*args, check=True):
    """Runs the host tool; returns the finished process."""
    done = subprocess.run([SEGUE, *map(str, args)], capture_output=True, text=True, timeout=300)
    if check:
        assert done.returncode == 0, f"segue {' '.join(map(str, args))}\n{done.stderr}"
    return done


def work_file(name):
    os.makedirs(WORK, exist_ok=True)
    return os.path.join(WORK, name)


@functools.lru_cache(maxsize=None)
def system(name, keys=None):
    """The system image of tests/qemu/systems/NAME.dts (or the project's own). keys: the image keys
    that it accepts instead of the development keys."""
    if name == "full":
        return "build/system.dtb"
    folder = KEYS
    if keys:
        folder = work_file("keys-" + "-".join(keys))
        os.makedirs(folder, exist_ok=True)
        files = [key(k) for k in keys]
        for form, out in (("der", "image-keys.bin"), ("sha256-binary", "image-key-hashes.bin")):
            segue("key", "public", "--format", form, "-o", os.path.join(folder, out), *files)
        shutil.copy(f"{KEYS}/root.json", folder)
    out = work_file("-".join([name, *(keys or ())]) + ".dtb")
    subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-i", ".", "-i", "build/bootflow",
                    "-i", "build/updater", "-i", "build/tests", "-i", folder, "-o", out,
                    f"tests/qemu/systems/{name}.dts"], check=True)
    return out


@functools.lru_cache(maxsize=None)
def key(name):
    """A private key that no device accepts, unless it is one of build/keys."""
    known = f"{KEYS}/{name}.pem"
    if os.path.exists(known):
        return known
    out = work_file(f"{name}.pem")
    if not os.path.exists(out):
        segue("key", "generate", "-o", out)
    return out


@functools.lru_cache(maxsize=None)
def rt_image(build, version, counter=1, guest="rt", signer="image"):
    """A signed image of one of images/rt/builds."""
    out = work_file(f"{guest}-{build}-{version}-{counter}-{signer}.img")
    segue("image", "create", "--guest", guest, "--kernel", f"build/images/rt-{build}.bin", "--raw",
          "--version", version, "--security-counter", counter, "--key", key(signer), "-o", out)
    return out


@functools.lru_cache(maxsize=None)
def linux_image(kernel, version, counter=1, guest="personal", fault=None):
    """A signed image of the kernel build/kernels/{old,new}."""
    out = work_file(f"{guest}-{kernel}-{version}-{counter}-{fault}.img")
    cmdline = "console=ttyAMA0 quiet panic=1" + (f" segue.fault={fault}" if fault else "")
    segue("image", "create", "--guest", guest, "--kernel", f"build/kernels/{kernel}/Image",
          "--ramdisk", INITRAMFS, "--cmdline", cmdline, "--version", version,
          "--security-counter", counter, "--key", key("image"), "-o", out)
    return out


def release(kernel):
    """What `uname -r` says of build/kernels/{old,new}."""
    with open(f"build/kernels/{kernel}/release", encoding="ascii") as f:
        return f.read().strip()


def digest(image):
    """The slot digest of an image file."""
    return json.loads(segue("image", "info", "--json", image).stdout)["digest"]


class Device:
    """A disk and a NOR bank in a folder of their own; they outlive a power cut."""

    def __init__(self, name, system_name, slots):
        """slots: {"rt_a": image, ...}"""
        self.folder = work_file(name)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        self.system = system(system_name)
        self.disk = os.path.join(self.folder, "disk.img")
        self.nor = os.path.join(self.folder, "nor.img")
        filled = [x for slot, image in slots.items() for x in ("--put", f"{slot}={image}")]
        booted = [x for slot, image in slots.items() for x in ("--slot", f"{slot}={image}")]
        segue("disk", "create", "--vms", self.system, *filled, "-o", self.disk)
        segue("state", "create", "--vms", self.system, *booted, "-o", self.nor)

    def package(self, ident, *what, version=1, signer="package"):
        """Makes a package; `what` as `segue package create` takes it."""
        out = os.path.join(self.folder, f"{ident}.tar")
        segue("package", "create", "--vms", self.system, "--id", ident, "--version", version,
              "--root", f"{KEYS}/root.json", "--key", key(signer), *what, "-o", out)
        return out

    def deliver(self, package):
        """Puts a package into the inbox, while the device is off."""
        segue("disk", "put", "--vms", self.system, "--put", f"inbox={package}", self.disk)

    def state(self, guest):
        """The boot state of one guest, as `segue state info` reads it from NOR."""
        info = json.loads(segue("state", "info", "--vms", self.system, "--json", self.nor).stdout)
        return next(g for g in info["guests"] if g["name"] == guest)

    def rot(self, name, at):
        """One bit of a partition changes, whether the device is on or off."""
        with open(self.disk, "r+b") as disk:
            disk.seek(self.partition(name)["offset"] + at)
            was = disk.read(1)[0]
            disk.seek(-1, 1)
            disk.write(bytes([was ^ 1]))

    def partition(self, name):
        """What a partition holds now: of a slot also digest, version, security counter."""
        info = json.loads(segue("disk", "info", "--json", self.disk).stdout)
        return next(p for p in info["partitions"] if p["name"] == name)
