# SPDX-License-Identifier: Apache-2.0
"""The GIC that a guest sees, tried out by tests/qemu/guests/gic.c: more interrupts than list
registers, nesting, linked timers, two vCPUs."""

import re
import subprocess

import pytest

from device import KEYS, Device, segue, work_file
from machine import Machine

CPUS = 3
TESTS = ["widths", "order-of-forty", "seven-nested", "deactivation-apart", "disabled-while-active",
         "level-of-the-uart", "virtual-timer", "physical-timer", "between-two"]
PROGRAM = "build/tests/gic.bin"


def image():
    out = work_file("gic.img")
    segue("image", "create", "--guest", "rt", "--kernel", PROGRAM, "--raw", "--version", "1.0",
          "--security-counter", 1, "--key", f"{KEYS}/image.pem", "-o", out)
    return out


@pytest.mark.parametrize("cpu", ["cortex-a57", "cortex-a72", "max"])
def test_the_gic_of_a_guest(name, cpu):
    with Machine(Device(name, "gic", {"rt_a": image()}), CPUS, cpu=cpu) as m:
        m.wait(r"\[rt\] gic test starts")
        for test in TESTS:
            m.wait(rf"\[rt\] ok {test}$", never=r"\[rt\] FAILED")
        m.wait(r"\[rt\] done")
        assert m.guest_errors() == ""


def test_the_test_holds_on_the_machines_own_gic():
    """Without hv: so what the test expects is what a GIC does."""
    command = ["timeout", "--foreground", "20", "qemu-system-aarch64", "-M", "virt,gic-version=3",
               "-cpu", "cortex-a57", "-smp", "2", "-m", "256M", "-nodefaults", "-display", "none",
               "-serial", "stdio", "-kernel", PROGRAM]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                          text=True) as qemu:
        said = []
        for line in qemu.stdout:
            said.append(line.strip())
            if said[-1] == "done":
                break
        qemu.terminate()
    assert [x for x in said if re.match("FAILED", x)] == []
    assert [x for x in said if x.startswith("ok ")] == [f"ok {t}" for t in TESTS]
