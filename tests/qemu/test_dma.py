# SPDX-License-Identifier: Apache-2.0
"""What update's disk can reach: update's own RAM. Tried by an update partition that aims it at hv and
at another VM (tests/qemu/guests/dma.c), looked at from outside, in the machine's memory."""

import os
import re
import shutil
import socket
import subprocess
import threading

import pytest

from device import Device, rt_image, work_file
from machine import Machine

CPUS = 2
SECTOR = 512
PATTERN = b"EFI PART"
SPARE_SECTOR = 40


class Monitor:
    """QEMU's monitor, for reading the machine's memory as no guest could."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._answer()

    def _answer(self):
        said = b""
        while not said.endswith(b"(qemu) "):
            said += self._socket.recv(4096)
        return said.decode()

    def memory(self, address, size):
        self._socket.sendall(f"xp /{size}xb {address:#x}\n".encode())
        rows = re.findall(r"^[0-9a-f]+: ([0-9a-fx ]+)", self._answer(), re.M)
        return bytes(int(byte, 16) for row in rows for byte in row.split())


def sector_of(device, number):
    with open(device.disk, "rb") as f:
        f.seek(number * SECTOR)
        return f.read(SECTOR)


@pytest.mark.parametrize("cpu", ["cortex-a57", "max"])
def test_the_disk_reaches_update_alone(name, cpu):
    device = Device(name, "dma", {"rt_a": rt_image("v1_0", "1.0")})
    path = os.path.join(device.folder, "monitor")
    with Machine(device, CPUS, cpu=cpu, extra=("-monitor", f"unix:{path},server=on,wait=off")) as m:
        m.wait(r"\[hv\] VM update: PCIe functions confined to its RAM: 1$")
        place = m.wait(r"\[hv\] VM rt: (\d+) MiB at (\w+)")
        rt, size = int(place[2], 16), int(place[1]) << 20
        m.wait(r"\[update\] DMA test starts")
        monitor = Monitor(path)
        with open("build/hv/hv.bin", "rb") as f:
            image = f.read(SECTOR)
        aimed = {}
        for what in ["own", "hv", "rt", "below", "leak", "own"]:
            found = m.wait(rf"\[update\] aim {what} (\w+)$", never=r"\[update\] FAILED|PANIC")
            address = aimed[what] = int(found[1], 16)
            m.wait(rf"\[update\] ok {what}$", never=r"\[update\] FAILED|PANIC")
            there = monitor.memory(address, len(PATTERN))
            assert (there == PATTERN) == (what == "own"), what
        assert rt <= aimed["rt"] < rt + size
        assert monitor.memory(aimed["hv"], SECTOR) == image
        assert sector_of(device, SPARE_SECTOR) != image
        m.wait(r"\[update\] ok restarted", never=r"\[update\] FAILED|PANIC")
        m.wait(r"\[update\] done", never=r"\[update\] FAILED|PANIC")
        stopped = r"\[hv\] SMMU: stream 8: translation fault, {} at {:x}; \d+ stopped"
        for what in ["hv", "rt", "below"]:
            assert m.seen(stopped.format("write", aimed[what])), what
        assert m.seen(stopped.format("read", aimed["leak"]))
        m.undisturbed("rt")


def started(name, machine, devices, trusted=False):
    """What hv says on a machine with these PCIe functions, up to its first VM or its end."""
    system = "build/system.dtb"
    if trusted:
        system = work_file(f"{name}.dtb")
        shutil.copy("build/system.dtb", system)
        subprocess.run(["fdtput", "-t", "x", system, "/", "dma-trusted"], check=True)
    disk = work_file(f"{name}.disk")
    with open(disk, "wb") as f:
        f.truncate(1 << 20)
    command = ["qemu-system-aarch64", "-M", machine, "-cpu", "cortex-a57",
               "-smp", "5", "-m", "2G", "-nodefaults", "-display", "none", "-serial", "stdio",
               "-kernel", "build/hv/hv.bin", "-initrd", system,
               "-drive", f"if=none,id=disk,format=raw,file={disk}"]
    command += [word for d in devices for word in ("-device", d)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          text=True) as qemu:
        said = []
        watchdog = threading.Timer(60, qemu.kill)
        watchdog.start()
        for line in qemu.stdout:
            said.append(line.rstrip())
            if re.search(r"\] stopped\.|\] VM update: running", line):
                break
        watchdog.cancel()
        qemu.kill()
    return said


PLAIN = "virt,virtualization=on,gic-version=3"
GUARDED = PLAIN + ",iommu=smmuv3"
DISK = "virtio-blk-pci,drive=disk,disable-legacy=on"
CONFINED = DISK + ",iommu_platform=on"
BYPASSES = [
    ("no-smmu", PLAIN, [CONFINED], [r"error 749: ", r"VM update$"]),
    ("no-iommu-platform", GUARDED, [DISK], [r"error 752: ", r"PCIe function 1\.0"]),
    ("second-device", GUARDED, [CONFINED, "virtio-rng-pci"],
     [r"error 752: ", r"PCIe function 2\.0"]),
    ("behind-a-bridge", GUARDED, ["pcie-root-port,id=root", DISK + ",bus=root"],
     [r"error 752: ", r"PCIe function 1\.0"]),
]


@pytest.mark.parametrize("machine,devices,wanted", [r[1:] for r in BYPASSES],
                         ids=[r[0] for r in BYPASSES])
def test_a_machine_where_devices_can_get_around_is_refused(name, machine, devices, wanted):
    said = started(name, machine, devices)
    for pattern in wanted:
        assert any(re.search(pattern, line) for line in said), said
    assert said[-1] == "[hv] stopped."


def test_a_system_may_trust_its_devices(name):
    said = started(name, PLAIN, [CONFINED], trusted=True)
    assert "[hv] VM update: its devices reach all memory (dma-trusted)" in said
    assert said[-1] == "[hv] VM update: running"
