# SPDX-License-Identifier: Apache-2.0
"""A guest that does anything at random (tests/qemu/guests/wild.c): it alone suffers."""

import re
import struct
import time

import pytest

from device import KEYS, Device, rt_image, segue, work_file
from machine import Machine

CPUS = 4
STALL = 30 # seconds without a word of it: its second vCPU has ended, too
MARK = b"WILDSEED"
OPS_PER_LINE = 250
# What QEMU says of instructions of the guest's own that never reach hv.
ITS_OWN = r"Invalid tlbi page size granule"


def image(seed):
    with open("build/tests/wild.bin", "rb") as f:
        program = f.read()
    at = program.index(MARK) + len(MARK)
    seeded, out = work_file(f"wild-{seed}.bin"), work_file(f"wild-{seed}.img")
    with open(seeded, "wb") as f:
        f.write(program[:at] + struct.pack("<Q", seed) + program[at + 8:])
    segue("image", "create", "--guest", "rt", "--kernel", seeded, "--raw", "--version", "1.0",
          "--security-counter", 1, "--key", f"{KEYS}/image.pem", "-o", out)
    return out


def done(machine):
    """Operations of all lives so far, and lives. Counted by lines: its own counter is in memory that
    it writes at random."""
    lines = machine.seen(r"\[rt\] life \d+ ops \d+$")
    return OPS_PER_LINE * len(lines), len({re.search(r"life (\d+)", line)[1] for line in lines})


def run_wild(name, cpu, seed, wanted):
    """Until so many operations, or it says nothing any more. The others run on; returns operations
    and lives."""
    device = Device(name, "wild", {"rt_a": image(seed),
                                   "personal_a": rt_image("v1_0", "1.0", guest="personal")})
    before = device.state("rt")
    with Machine(device, CPUS, cpu=cpu) as m:
        m.wait(r"\[personal\] rt-1.0 starts")
        operations, since = (0, 0), time.monotonic()
        while operations[0] < wanted and time.monotonic() - since < STALL:
            time.sleep(0.5) # it says how far it is at its own pace
            now = done(m)
            if now != operations:
                operations, since = now, time.monotonic()
            assert not m.seen(r"PANIC|VM (update|personal): stopped \(|\(QEMU ended\)"), m.tail()
        other = m.status("personal")
        assert (other["state"], other["restarts"]) == ("running", "0")
        m.loses_no_beat("personal")
        m.goes_on("personal")
        assert m.status("update")["restarts"] == "0"
        errors = [e for e in m.guest_errors().splitlines() if not re.match(ITS_OWN, e)]
    assert device.state("rt") == before
    assert errors == []
    return operations


def go_wild(name, cpu, wanted):
    total = lives = 0
    for seed in range(1, 100):
        operations = run_wild(name, cpu, seed, wanted - total)
        total, lives = total + operations[0], lives + operations[1]
        if total >= wanted:
            break
    print(f"{cpu}: {total} operations in {lives} lives of {seed} seeds")
    assert total >= wanted


@pytest.mark.parametrize("cpu", ["cortex-a57", "max"])
def test_a_wild_guest_hurts_itself_alone(name, cpu):
    go_wild(name, cpu, 50000)


@pytest.mark.soak
@pytest.mark.parametrize("cpu", ["cortex-a57", "max"])
def test_a_million_wild_operations(name, cpu):
    go_wild(name, cpu, 1000000)
