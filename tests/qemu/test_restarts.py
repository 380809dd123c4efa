# SPDX-License-Identifier: Apache-2.0
"""Guests that end, by reset, by power off and by faults, and update partitions that crash: what hv
does about it, that it costs hv nothing, and that nobody else notices."""

import pytest

from device import KEYS, Device, rt_image, segue, work_file
from machine import CONSOLE_KEY, Machine

CPUS = 4
PERSONAL = 2
BEATS = 200
UP = r"\[personal\] up"
FAILED = r"\[personal\] FAILED|PANIC"


def image(program, guest):
    """A signed image of one of tests/qemu/guests."""
    out = work_file(f"{program}-{guest}.img")
    segue("image", "create", "--guest", guest, "--kernel", f"build/tests/{program}.bin", "--raw",
          "--version", "1.0", "--security-counter", 1, "--key", f"{KEYS}/image.pem", "-o", out)
    return out


def told_device(name):
    """rt in personal's company, which does what it is told."""
    return Device(name, "told", {"rt_a": rt_image("v1_0", "1.0"), "personal_a": image("told", "personal")})


def start(machine):
    """Both guests are up, and what is typed goes to personal."""
    machine.events(("agent-hello", "rt", {"release": "rt-1.0"}), ("started", "personal", {}))
    machine.type(CONSOLE_KEY + str(PERSONAL))


def others_did_not_notice(machine):
    for guest in ("rt", "update"):
        status = machine.status(guest)
        assert (status["state"], status["restarts"]) == ("running", "0")
    machine.goes_on("rt", BEATS)
    assert machine.guest_errors() == ""


def restart(machine, times):
    for _ in range(times):
        machine.type("reset\n")
        machine.wait_all(r"\[hv\] VM personal: stopped \(reset\)", UP, never=FAILED)


@pytest.mark.parametrize("system,times", [("told", 200), ("not_resident", 40)])
def test_restarts_leak_nothing(name, system, times):
    """From hv's own copy of the image, and loaded by update each time."""
    device = Device(name, system, {"rt_a": rt_image("v1_0", "1.0"), "personal_a": image("told", "personal")})
    with Machine(device, CPUS) as m:
        start(m)
        restart(m, 10)
        after_10 = m.memory()
        restart(m, times - 10)
        assert m.memory() == after_10
        assert m.status("personal")["restarts"] == str(times)
        others_did_not_notice(m)


def test_a_lost_guest_is_parked_and_dumped_and_the_others_go_on(name):
    with Machine(told_device(name), CPUS) as m:
        start(m)
        for left in reversed(range(6)):
            # Either vCPU; the other one is told to do nothing, or waits.
            m.type("lost\n" if left % 2 else "alone\n")
            m.wait(r"\[hv\] VM personal: it cannot go on: esr 82")
            core = m.wait(r"VM personal, vCPU (\d) on core \d: pc 0000000000000200")
            assert core.group(1) == ("0" if left % 2 else "1")
            m.wait(r"x5  0000000000000055")
            m.wait(r"0040000000\.\.00407fffff -> \w+ rwx memory")
            m.wait_all(r"\[hv\] VM personal: stopped \(fault\)", *([UP] if left else []),
                       never=FAILED)
        m.wait(r"\[hv\] VM personal: its restarts are used up")
        m.wait(r"\[hv\] VM personal: failed \(fault\)")
        others_did_not_notice(m)
        personal = m.status("personal")
        assert (personal["state"], personal["restarts"]) == ("failed", "6")


def test_a_guest_that_cannot_be_kept_alive_is_saved_by_an_update(name):
    """update is told of the failure, and the new image is started without asking the dead one."""
    new = rt_image("v1_1", "1.1", 2)
    device = Device(name, "rt", {"rt_a": image("lost", "rt")})
    device.deliver(device.package(name, "--image", f"rt={new}"))
    with Machine(device, 2) as m:
        m.wait(r"\[hv\] VM rt: it cannot go on")
        m.event("agent-hello", "rt", release="rt-1.1")
        m.event("confirmed", "rt")
        assert m.guest_errors() == ""


def test_power_off_stops_a_guest_for_good(name):
    with Machine(told_device(name), CPUS) as m:
        start(m)
        m.type("off\n")
        m.wait(r"\[hv\] VM personal: stopped \(off\)")
        m.goes_on("rt", BEATS)
        personal = m.status("personal")
        assert (personal["state"], personal["slot"]) == ("stopped", "-")
        others_did_not_notice(m)


def test_power_off_is_consent_to_a_staged_update(name):
    old, new = image("told", "personal"), rt_image("v1_1", "1.1", 2, guest="personal")
    device = told_device(name)
    device.deliver(device.package(name, "--update", f"personal={old},{new}"))
    with Machine(device, CPUS) as m:
        start(m)
        m.event("staged", "personal", never=r"event \d+ trial")
        m.type("off\n")
        m.wait(r"\[hv\] VM personal: stopped \(off\)")
        m.event("trial", "personal")
        m.event("agent-hello", "personal", release="rt-1.1")
        m.event("confirmed", "personal")
        others_did_not_notice(m)


def test_update_crashes_and_rt_does_not_notice(name):
    """tests/qemu/guests/crashes.c: seven lives, seven ends, the first of them in the middle of a load."""
    device = Device(name, "crashes", {"rt_a": rt_image("v1_0", "1.0")})
    with Machine(device, 2) as m:
        for life in range(7):
            m.wait(rf"\[update\] life {life}$", never=r"FAILED|PANIC")
            m.wait_all(r"\[update\] ends ", r"\[hv\] VM update: stopped", never=r"FAILED|PANIC")
        assert m.seen(r"\[hv\] VM update: running: its time is up")
        m.wait(r"\[hv\] VM update: its restarts are used up")
        m.wait(r"\[hv\] VM update: failed \(deadline\)")
        assert len(m.seen(r"\[hv\] VM rt: loading")) == 2
        assert len(m.seen(r"\[rt\] rt-1.0 starts")) == 1
        rt = m.status("rt")
        assert (rt["state"], rt["restarts"]) == ("running", "0")
        m.goes_on("rt", BEATS)
        assert m.guest_errors() == ""
