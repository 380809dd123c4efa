# SPDX-License-Identifier: Apache-2.0
"""What a guest may not ask of hv, tried out by tests/qemu/guests/calls.c; and that asking changed
nothing."""

import pytest

from device import KEYS, Device, segue, work_file
from machine import Machine

CPUS = 3
TESTS = ["by-hvc", "by-smc", "updates-calls-are-denied", "only-about-itself", "nothing-to-confirm",
         "unknown-functions", "psci-refuses", "a-core-comes-and-goes", "at-random"]


def image():
    out = work_file("calls.img")
    segue("image", "create", "--guest", "rt", "--kernel", "build/tests/calls.bin", "--raw",
          "--version", "1.0", "--security-counter", 1, "--key", f"{KEYS}/image.pem", "-o", out)
    return out


@pytest.mark.parametrize("cpu", ["cortex-a57", "max"])
def test_a_guests_calls(name, cpu):
    device = Device(name, "gic", {"rt_a": image()})
    before = device.state("rt")
    with Machine(device, CPUS, cpu=cpu) as m:
        m.wait(r"\[rt\] call test starts")
        for test in TESTS:
            m.wait(rf"\[rt\] ok {test}$", never=r"\[rt\] FAILED|VM rt: stopped \(")
        m.wait(r"\[rt\] done")
        assert not m.seen(r"VM update: stopped \(")
        assert m.guest_errors() == ""
    assert device.state("rt") == before


def test_without_a_boot_state_only_update_starts(name):
    device = Device(name, "gic", {"rt_a": image()})
    with open(device.nor, "r+b") as nor:
        nor.write(b"\xff" * (16 << 18))
    with Machine(device, CPUS) as m:
        m.wait(r"\[hv\] boot state: error 601: .*segue state create")
        m.wait(r"\[hv\] VM update: running")
        m.wait_all(r"\[hv\] VM rt: failed", r"\[update\] disk of",
                   never=r"VM rt: (loading|running)")
    with open(device.nor, "rb") as nor:
        assert nor.read(16 << 18) == b"\xff" * (16 << 18)
