# SPDX-License-Identifier: Apache-2.0
"""The life of an update, on the RT guest: it starts in a moment, so every path is walked."""

import pytest

from device import Device, digest, rt_image
from machine import Machine, event_pattern

OLD = ("v1_0", "1.0", 1)
NEW = ("v1_1", "1.1", 2)
BOOT = 60
CPUS = 2


def hello(machine, version, timeout=BOOT):
    return machine.event("agent-hello", "rt", timeout, release=version)


def device_with_update(name, build, version="1.1", counter=2, **image_args):
    """A device that runs rt 1.0, with a delta to another build in its inbox."""
    old, new = rt_image(*OLD), rt_image(build, version, counter, **image_args)
    device = Device(name, "rt", {"rt_a": old})
    device.deliver(device.package(name, "--update", f"rt={old},{new}"))
    return device, old, new


def holds(device, slot=0):
    """What the boot state says of a slot, but for its rank among the two."""
    entry = dict(device.state("rt")["slots"][slot])
    del entry["priority"]
    return entry


@pytest.mark.parametrize("cpu", ["cortex-a57", "max"])
def test_a_good_update_is_confirmed_and_stays(name, cpu):
    device, old, new = device_with_update(name, "v1_1")
    with Machine(device, CPUS, cpu=cpu) as m:
        hello(m, "rt-1.0")
        m.event("staged", "rt")
        m.event("trial", "rt")
        hello(m, "rt-1.1")
        m.event("confirmed", "rt")
        m.events(("package-done", None, {"outcome": "applied"}), ("refilled", "rt"))
        assert m.guest_errors() == ""
    state = device.state("rt")
    assert state["outcome"] == "confirmed"
    assert state["floor"] == 2
    assert [s["digest"] for s in state["slots"]] == [digest(new), digest(new)]
    with Machine(device, CPUS, cpu=cpu) as m:
        hello(m, "rt-1.1")


def test_a_second_update_right_after_the_first(name):
    device, old, new = device_with_update(name, "v1_1")
    newest = rt_image("v1_2", "1.2", 3)
    second = device.package("second", "--update", f"rt={new},{newest}", version=2)
    with Machine(device, CPUS) as m:
        m.event("confirmed", "rt", BOOT)
    device.deliver(second)
    with Machine(device, CPUS) as m:
        hello(m, "rt-1.2")
        m.event("confirmed", "rt")
    assert digest(newest) in [s["digest"] for s in device.state("rt")["slots"]]
    assert device.state("rt")["floor"] == 3


def test_power_off_while_staged_counts_as_consent(name):
    device, _, new = device_with_update(name, "v1_1")
    with Machine(device, CPUS) as m:
        m.event("staged", "rt", BOOT)
    with Machine(device, CPUS) as m:
        m.event("confirmed", "rt", BOOT, never=r"event \d+ apply-begin")
    assert device.state("rt")["slots"][1]["digest"] == digest(new)


def test_power_off_on_trial_spends_an_interrupted_and_no_try(name):
    device, _, _ = device_with_update(name, "silent", version="2.0")
    with Machine(device, CPUS) as m:
        hello(m, "rt-1.0")
        hello(m, "rt-2.0-silent")
    left = device.state("rt")["slots"][1]
    with Machine(device, CPUS) as m:
        hello(m, "rt-2.0-silent")
        now = device.state("rt")["slots"][1]
        assert now["tries_remaining"] == left["tries_remaining"]
        assert now["interrupted_remaining"] == left["interrupted_remaining"] - 1
        m.event("rolled-back", "rt")
        hello(m, "rt-1.0")


def test_a_device_with_two_bad_slots_is_saved_by_a_full_image(name):
    old, new = rt_image(*OLD), rt_image(*NEW)
    device = Device(name, "rt", {"rt_a": old, "rt_b": old})
    for slot in "rt_a", "rt_b":
        device.rot(slot, device.partition(slot)["image_bytes"] // 2)
    device.deliver(device.package(name, "--image", f"rt={new}"))
    with Machine(device, CPUS) as m:
        m.event("image-refused", "rt", BOOT, slot=0)
        m.wait_all(event_pattern("image-refused", "rt", {"slot": 1}),
                   r"\[hv\] VM rt: neither slot can be started",
                   event_pattern("consent-given", "rt", {"by": "down"}))
        hello(m, "rt-1.1")
        m.event("confirmed", "rt")
        m.event("refilled", "rt")
        assert m.guest_errors() == ""
    assert [s["digest"] for s in device.state("rt")["slots"]] == [digest(new), digest(new)]
