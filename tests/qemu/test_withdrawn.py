# SPDX-License-Identifier: Apache-2.0
"""What update can reach of the others' memory: nothing that was not lent, and nothing any more when
it was withdrawn; tried by an update partition that is not itself (tests/qemu/guests/withdrawn.c)."""

from device import Device, rt_image
from machine import Machine

CPUS = 2
TESTS = ["lent-it-is-there", "withdrawn-while-it-is-checked", "withdrawn-while-it-runs", "told",
         "other-ram-below", "other-ram-above", "nor-bank"]


def test_update_reaches_nothing_that_was_withdrawn(name):
    device = Device(name, "withdrawn", {"rt_a": rt_image("v1_0", "1.0")})
    before = device.state("rt")
    with Machine(device, CPUS) as m:
        m.wait(r"\[update\] withdrawal test starts")
        for test in TESTS:
            m.wait(rf"\[update\] ok {test}$", never=r"\[update\] (FAILED|fault)|PANIC")
        m.wait(r"\[update\] done")
        assert m.seen(r"\[rt\] rt-1.0 starts")
        assert m.status("update")["restarts"] == "0"
        rt = m.status("rt")
        assert (rt["state"], rt["restarts"]) == ("running", "0")
        m.goes_on("rt")
    assert device.state("rt") == before
