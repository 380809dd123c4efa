# SPDX-License-Identifier: Apache-2.0
"""Where hv starts, where it refuses to, and what it says then."""

import os
import re
import shutil
import subprocess
import threading
import time

import pytest

from device import Device, rt_image, work_file
from machine import Machine

EL2 = "virt,virtualization=on,gic-version=3,iommu=smmuv3"
SYSTEM = ["-initrd", "build/system.dtb"]
ALL_GUESTS = 5

REFUSALS = [
    ("el1", "virt,gic-version=3", 5, "2G", SYSTEM, [r"error 741: started below EL2"]),
    ("gicv2", "virt,virtualization=on,gic-version=2", 5, "2G", SYSTEM, [r"error 743: machine has no GICv3"]),
    ("no-system-image", EL2, 5, "2G", [], [r"error 745: no system image"]),
    ("not-a-system-image", EL2, 5, "2G", ["-initrd", "build/hv/hv.bin"],
     [r"error 701: not a devicetree", r"system image: /"]),
    ("one-core", EL2, 1, "2G", SYSTEM, [r"error 746: ", r"vms/vm@1 \(rt\): cpus = <1>"]),
    ("four-cores", EL2, 4, "2G", SYSTEM, [r"error 746: ", r"vms/vm@3 \(work\): cpus = <1>"]),
    ("little-ram", EL2, 5, "600M", SYSTEM,
     [r"error 747: ", r"vms/vm@3 \(work\): memory-size: 256 MiB wanted"]),
]


# What is done to build/system.dtb by fdtput, and what hv then says of it.
DAMAGES = [
    ("bootfw-missing", ["-d", "{}", "/", "bootfw"], [r"error 7\d\d: ", r"system image: /: bootfw"]),
    ("one-key", ["-t", "x", "{}", "/", "accepted-key-hashes", *["0"] * 8],
     [r"error 7\d\d: ", r"/: accepted-key-hashes"]),
    ("no-core", ["-t", "x", "{}", "/vms/vm@1", "cpus", "0"], [r"error 7\d\d: ", r"/vms/vm@1: cpus"]),
    ("unknown-role", ["-t", "s", "{}", "/vms/vm@1", "role", "modem"],
     [r"error 7\d\d: ", r"/vms/vm@1: role"]),
    ("odd-memory", ["-t", "x", "{}", "/vms/vm@2", "memory-size", "0", "1234567"],
     [r"error 7\d\d: ", r"/vms/vm@2: memory-size"]),
]


def seconds_of_cpu(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def refused(machine, cpus, memory, extra):
    """What hv says until it has stopped: then it is quiet, uses no CPU and does not start anew."""
    command = ["qemu-system-aarch64", "-M", machine, "-cpu", "cortex-a57", "-smp", str(cpus),
               "-m", memory, "-nodefaults", "-display", "none", "-serial", "stdio",
               "-kernel", "build/hv/hv.bin", *extra]
    said = []
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          text=True) as qemu:
        watchdog = threading.Timer(60, qemu.kill)
        watchdog.start()
        for line in qemu.stdout:
            said.append(line.strip())
            if said[-1] == "[hv] stopped.":
                break
        before = seconds_of_cpu(qemu.pid)
        time.sleep(0.5)
        used = seconds_of_cpu(qemu.pid) - before
        qemu.kill()
        watchdog.cancel()
        said += [line.strip() for line in qemu.stdout]
    assert said[-1] == "[hv] stopped.", said
    assert used < 0.25
    assert not any("VM " in line and "running" in line for line in said)
    return said


def assert_says(said, wanted):
    for pattern in wanted:
        assert any(re.search(pattern, line) for line in said), said


@pytest.mark.parametrize("machine,cpus,memory,extra,wanted", [r[1:] for r in REFUSALS],
                         ids=[r[0] for r in REFUSALS])
def test_it_says_what_is_wrong_and_stops(machine, cpus, memory, extra, wanted):
    assert_says(refused(machine, cpus, memory, extra), wanted)


@pytest.mark.parametrize("change,wanted", [d[1:] for d in DAMAGES], ids=[d[0] for d in DAMAGES])
def test_it_names_what_is_wrong_in_a_description(name, change, wanted):
    damaged = work_file(f"{name}.dtb")
    shutil.copy("build/system.dtb", damaged)
    subprocess.run(["fdtput", *[x.format(damaged) for x in change]], check=True)
    assert_says(refused(EL2, ALL_GUESTS, "2G", ["-initrd", damaged]), wanted)


def test_it_refuses_half_a_system_image(name):
    half = work_file(f"{name}.dtb")
    with open("build/system.dtb", "rb") as whole, open(half, "wb") as f:
        f.write(whole.read()[:os.path.getsize("build/system.dtb") // 2])
    assert_says(refused(EL2, ALL_GUESTS, "2G", ["-initrd", half]), [r"error 701: "])


@pytest.mark.parametrize("cpu,cpus,memory", [("cortex-a57", 2, "1G"), ("cortex-a72", 3, "4G"),
                                             ("cortex-a57", 2, "512M"), ("max", 8, "6G")])
def test_it_starts_on(name, cpu, cpus, memory):
    device = Device(name, "rt", {"rt_a": rt_image("v1_0", "1.0")})
    with Machine(device, cpus, memory=memory, cpu=cpu) as m:
        m.wait(rf"\[hv\] Segue: {cpus} cores")
        m.event("agent-hello", "rt", release="rt-1.0")
        assert m.guest_errors() == ""


def test_it_says_when_its_tokens_can_be_guessed(name):
    device = Device(name, "rt", {"rt_a": rt_image("v1_0", "1.0")})
    with Machine(device, 2, extra=("-M", "dtb-randomness=off")) as m:
        m.wait(r"\[hv\] the machine gave no /chosen/rng-seed")
        m.event("agent-hello", "rt", release="rt-1.0")
