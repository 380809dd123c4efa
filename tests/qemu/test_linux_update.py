# SPDX-License-Identifier: Apache-2.0
"""Unmodified Debian kernels: what the guest's own `uname -r` says decides."""

import pytest

from device import Device, digest, linux_image, release, rt_image
from machine import Machine

LINUX_CPUS = 3 # update, and personal's two
FULL_CPUS = 5
BOOT = 180


def console(machine, vm, command):
    """Types a line into a VM's console: Ctrl-] and its number move the input there."""
    machine.type(f"\x1d{vm}{command}\r")


@pytest.mark.parametrize("fault", ["hang", "silent"])
def test_an_image_that_does_not_prove_itself_is_rolled_back(name, fault):
    old, bad = linux_image("old", "6.1.0+55"), linux_image("new", "6.1.0+56", 2, fault=fault)
    device = Device(name, "linux", {"personal_a": old})
    device.deliver(device.package(name, "--update", f"personal={old},{bad}"))
    with Machine(device, LINUX_CPUS) as m:
        m.event("agent-hello", "personal", BOOT, release=release("old"))
        m.event("agent-hello", "personal", BOOT, release=release("new"))
        m.event("try-spent", "personal", BOOT, left=1, cause=4)
        m.event("rolled-back", "personal", BOOT, cause=4)
        m.event("agent-hello", "personal", BOOT, release=release("old"))
        assert m.guest_errors() == ""
    assert device.state("personal")["slots"][0]["digest"] == digest(old)
    assert device.partition("personal_a")["digest"] == digest(old)


def test_four_vms_one_update_one_crash(name):
    """rt is updated while both Linux guests run; then one of them crashes: it alone starts
    again."""
    rt_old, rt_new = rt_image("v1_0", "1.0"), rt_image("v1_1", "1.1", 2)
    slots = {"rt_a": rt_old, "personal_a": linux_image("old", "6.1.0+55"),
             "work_a": linux_image("old", "6.1.0+55", guest="work")}
    device = Device(name, "full", slots)
    package = device.package(name, "--update", f"rt={rt_old},{rt_new}")
    with Machine(device, FULL_CPUS) as m:
        m.events(("agent-hello", "personal"), ("agent-hello", "work"), timeout=BOOT)
    device.deliver(package)
    with Machine(device, FULL_CPUS) as m:
        m.events(("agent-hello", "personal"), ("agent-hello", "work"),
                 ("confirmed", "rt"), ("timer", "personal"), ("timer", "work"), timeout=BOOT)
        for guest in ("personal", "work"):
            m.leaves_alone(guest)
            m.loses_no_beat(guest)
        console(m, 3, "echo c >/proc/sysrq-trigger")
        m.event("agent-hello", "work", BOOT, release=release("old"))
        assert len(m.seen("agent-hello guest=personal")) == 1
        assert len(m.seen("event 46 started guest=rt")) == 2
        console(m, 2, "uname -r")
        m.wait(rf"\[personal\] {release('old')}")
        assert m.guest_errors() == ""
