# SPDX-License-Identifier: Apache-2.0
"""How hv starts, on which machines it refuses to and what it says then, and what becomes of a guest
that cannot go on."""

import re
import subprocess

import pytest

from device import KEYS, Device, rt_image, segue, work_file
from machine import Machine

EL2 = "virt,virtualization=on,gic-version=3"
SYSTEM = ["-initrd", "build/system.dtb"]
ALL_GUESTS = 5

REFUSALS = [
    ("el1", "virt,gic-version=3", 5, "2G", SYSTEM, [r"error 741: started below EL2"]),
    ("no-gicv3", "virt,virtualization=on", 5, "2G", SYSTEM, [r"error 743: machine has no GICv3"]),
    ("no-system-image", EL2, 5, "2G", [], [r"error 745: no system image"]),
    ("not-a-system-image", EL2, 5, "2G", ["-initrd", "build/hv/hv.bin"],
     [r"error 701: not a devicetree", r"system image: /"]),
    ("one-core", EL2, 1, "2G", SYSTEM, [r"error 746: ", r"vms/vm@1 \(rt\): cpus = <1>"]),
    ("four-cores", EL2, 4, "2G", SYSTEM, [r"error 746: ", r"vms/vm@3 \(work\): cpus = <1>"]),
    ("little-ram", EL2, 5, "600M", SYSTEM,
     [r"error 747: ", r"vms/vm@3 \(work\): memory-size: 256 MiB wanted"]),
]


@pytest.mark.parametrize("machine,cpus,memory,extra,wanted", [r[1:] for r in REFUSALS],
                         ids=[r[0] for r in REFUSALS])
def test_it_says_what_is_wrong_and_stops(machine, cpus, memory, extra, wanted):
    command = ["timeout", "10", "qemu-system-aarch64", "-M", machine, "-cpu", "cortex-a57",
               "-smp", str(cpus), "-m", memory, "-nodefaults", "-display", "none",
               "-serial", "stdio", "-kernel", "build/hv/hv.bin", *extra]
    said = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False).stdout.splitlines()
    for pattern in wanted:
        assert any(re.search(pattern, line) for line in said), said
    assert said[-1] == "[hv] stopped."
    assert not any("VM " in line and "running" in line for line in said)


@pytest.mark.parametrize("cpu,cpus,memory", [("cortex-a57", 2, "1G"), ("cortex-a72", 3, "4G"),
                                             ("max", 8, "3G")])
def test_it_starts_on(name, cpu, cpus, memory):
    device = Device(name, "rt", {"rt_a": rt_image("v1_0", "1.0")})
    with Machine(device, cpus, memory=memory, cpu=cpu) as m:
        m.wait(rf"\[hv\] Segue: {cpus} cores")
        m.event("agent-hello", "rt", release="rt-1.0")
        assert m.guest_errors() == ""


def test_a_guest_without_vectors_is_parked_and_the_others_go_on(name):
    image = work_file("lost.img")
    segue("image", "create", "--guest", "rt", "--kernel", "build/tests/lost.bin", "--raw",
          "--version", "1.0", "--security-counter", 1, "--key", f"{KEYS}/image.pem", "-o", image)
    device = Device(name, "rt", {"rt_a": image})
    with Machine(device, 2) as m:
        for _ in range(6):
            m.wait(r"\[hv\] VM rt: it cannot go on: esr 82")
            m.wait(r"VM rt, vCPU 0 on core 1: pc 0000000000000200")
            m.wait(r"x5  0000000000000055")
            m.wait(r"0040000000\.\.0041ffffff -> \w+ rwx memory")
            m.wait(r"\[hv\] VM rt: stopped \(fault\)")
        m.wait(r"\[hv\] VM rt: its restarts are used up")
        m.wait(r"\[hv\] VM rt: failed \(fault\)")
        assert not m.seen(r"VM update: stopped \(")
        assert m.guest_errors() == ""
