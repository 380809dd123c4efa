# SPDX-License-Identifier: Apache-2.0
"""What hangs is noticed: an update partition that does not load (tests/qemu/guests/dawdles.c), a bootfw
that never reports (hangs.S), even when it begins late (late.c). One that does not beat: test_restarts.py, test_stages.py."""

from device import Device, rt_image
from machine import Machine, event_pattern

CPUS = 2


def test_a_vm_that_nobody_loads_is_asked_for_again_and_then_failed(name):
    device = Device(name, "dawdles", {"rt_a": rt_image("v1_0", "1.0")})
    before = device.state("rt")
    with Machine(device, CPUS) as m:
        m.wait(r"\[update\] wish 1$")
        m.wait(r"\[update\] wish 2$", never=r"VM rt: loading|PANIC")
        for _ in range(3):
            m.wait_all(r"\[hv\] VM rt: loading$", r"\[update\] lent$", never="FAILED|PANIC")
            m.wait(r"\[hv\] VM rt: loading: its time is up$")
            m.wait(r"\[hv\] VM rt: stopped \(deadline\)$")
        m.wait(r"\[hv\] VM rt: its restarts are used up$")
        m.wait(r"\[hv\] VM rt: failed \(deadline\)$")
        assert m.status("update")["restarts"] == "0"
        assert m.guest_errors() == ""
    assert device.state("rt") == before


def test_a_bootfw_that_hangs_is_stopped_and_the_other_slot_is_tried(name):
    slots = {"rt_a": rt_image("v1_0", "1.0"), "rt_b": rt_image("v1_1", "1.1")}
    device = Device(name, "hangs", slots)
    before = device.state("rt")
    with Machine(device, CPUS) as m:
        hung = [r"\[hv\] VM rt: verifying: its time is up$", r"\[hv\] VM rt, vCPU 0 on core 1: pc "]
        m.wait_all(*hung, event_pattern("image-refused", "rt", {"slot": 0}))
        m.wait_all(*hung, event_pattern("image-refused", "rt", {"slot": 1}),
                   r"\[hv\] VM rt: neither slot can be started$")
        assert m.status("rt")["state"] == "failed"
        assert m.status("update")["restarts"] == "0"
        assert m.guest_errors() == ""
    assert device.state("rt") == before


def test_a_slow_load_takes_nothing_of_the_time_of_bootfw(name):
    device = Device(name, "late", {"rt_a": rt_image("v1_0", "1.0")})
    with Machine(device, CPUS) as m:
        had = m.wait(r"\[update\] had (\d+) ms$", never="FAILED|PANIC")[1]
        assert int(had) >= 2000
        assert m.guest_errors() == ""
