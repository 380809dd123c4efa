# SPDX-License-Identifier: Apache-2.0
"""An update partition that ends in each stage of an update (tests/qemu/guests/stages.c): hv starts it
again, the update goes on where it was, and the RTOS beside it does not notice."""

import random

import pytest

from device import KEYS, Device, digest, rt_image, segue, work_file
from machine import Machine

CPUS = 3
STAGES = 19
HANGS = 4
BASE_CHECK = 2 # the stage; update hangs in it, until its beat is overdue
MIB = 1 << 20
BOOT = 60

# What must not come of it.
SPENT = r"event \d+ (try-spent|rolled-back|target-failed) |FAILED|PANIC"


def large_image(build, version, counter, changes):
    """An rt program with 3 MiB behind it: a delta of several chunks."""
    data = bytearray(random.Random(1).randbytes(3 * MIB))
    for at in random.Random(2).choices(range(len(data)), k=changes):
        data[at] ^= 0x55
    program = work_file(f"large-{build}.bin")
    with open(f"build/images/rt-{build}.bin", "rb") as f, open(program, "wb") as out:
        out.write(f.read() + data)
    image = work_file(f"large-{build}.img")
    segue("image", "create", "--guest", "personal", "--kernel", program, "--raw", "--version",
          version, "--security-counter", counter, "--key", f"{KEYS}/image.pem", "-o", image)
    return image


@pytest.mark.parametrize("with_image", [False, True])
def test_a_base_that_changes_under_the_running_guest(name, with_image):
    """While it is checked: what update had read of it before ended with that life. The delta is
    refused, and a full image is taken where there is one."""
    old, new = large_image("v1_0", "1.0", 1, 0), large_image("v1_1", "1.1", 2, 2000)
    device = Device(name, "stages", {"rt_a": rt_image("v1_0", "1.0"), "personal_a": old})
    image = ("--image", f"personal={new}") if with_image else ()
    device.deliver(device.package(name, "--update", f"personal={old},{new}", *image))
    before, slot_b = device.state("personal"), device.partition("personal_b")
    with Machine(device, CPUS) as m:
        m.wait(rf"\[update\] stage {BASE_CHECK} ends ", BOOT, never=SPENT)
        device.rot("personal_a", 2 * MIB)
        m.event("base-mismatch", "personal", BOOT, slot=0, never=r"event \d+ apply-begin ")
        if with_image:
            m.event("target-chosen", "personal", kind="image")
            m.event("apply-begin", "personal", slot=1)
        else:
            m.event("target-failed", "personal", error=818)
            m.event("package-done", outcome="failed", error=818, never=r"event \d+ apply-begin ")
        m.undisturbed("personal")
        m.undisturbed("rt")
        assert m.guest_errors() == ""
    if not with_image:
        assert (device.state("personal"), device.partition("personal_b")) == (before, slot_b)


def test_update_ends_in_each_stage_and_the_update_goes_on(name):
    old, new = large_image("v1_0", "1.0", 1, 0), large_image("v1_1", "1.1", 2, 2000)
    device = Device(name, "stages", {"rt_a": rt_image("v1_0", "1.0"), "personal_a": old})
    device.deliver(device.package(name, "--update", f"personal={old},{new}"))
    with Machine(device, CPUS) as m:
        for stage in range(STAGES):
            m.wait(rf"\[update\] stage {stage} ends ", BOOT, never=SPENT)
        m.event("package-skipped", None, BOOT, outcome="applied", error=0)
        m.event("timer", "rt")
        assert len(m.seen(r"\[hv\] VM update: stopped \(")) == STAGES
        assert len(m.seen(r"\[hv\] VM update: running: its time is up")) == HANGS
        m.leaves_alone("rt")
        assert m.status("update")["restarts"] == str(STAGES)
        m.undisturbed("rt")
        assert len(m.seen(r"\[rt\] rt-1.0 starts")) == 1
        assert m.status("personal")["restarts"] == "1"
        assert m.guest_errors() == ""
    assert [s["digest"] for s in device.state("personal")["slots"]] == [digest(new), digest(new)]
