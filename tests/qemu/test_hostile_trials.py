# SPDX-License-Identifier: Apache-2.0
"""Images on trial that do what they can to stay, or to spoil it for others: hv sees the deadline in
time, each start spends one try, the old image is back, and the RTOS beside it loses no beat."""

import pytest

from device import Device, digest, rt_image
from machine import Machine

CPUS = 3
BOOT = 60
FAULT, RESET, DEADLINE = 3, 1, 4
DEADLINE_S = 2.5 # of the system company; to the tick in tests/unit/vm_limits_test.c
LATE_S = 10      # begin and end are told by update, on a host that may have other things to do
HZ = 62_500_000  # of QEMU's counter


def holds(device):
    """What the boot state says of the old image's slot, but for its rank among the two."""
    entry = dict(device.state("personal")["slots"][0])
    del entry["priority"]
    return entry


def seconds_between(first, last):
    return (int(last["t"]) - int(first["t"])) / HZ


@pytest.mark.parametrize("build,cause", [("hang", DEADLINE), ("silent", DEADLINE),
                                         ("flood", DEADLINE), ("exits", DEADLINE),
                                         ("wrong_token", DEADLINE), ("reset", RESET),
                                         ("panic", RESET)])
def test_it_is_rolled_back_and_rt_does_not_notice(name, build, cause):
    old, bad = (rt_image(b, v, c, guest="personal")
                for b, v, c in (("v1_0", "1.0", 1), (build, "2.0", 2)))
    device = Device(name, "company", {"rt_a": rt_image("v1_0", "1.0"), "personal_a": old})
    device.deliver(device.package(name, "--update", f"personal={old},{bad}"))
    before, held = device.state("personal"), holds(device)
    with Machine(device, CPUS) as m:
        for left in (2, 1, 0):
            started = m.event("started", "personal", BOOT, slot=1, trial=1)
            ended = (m.event("try-spent", "personal", left=left, cause=cause) if left
                     else m.event("rolled-back", "personal", cause=cause))
            if cause == DEADLINE:
                assert -1 < seconds_between(started, ended) - DEADLINE_S < LATE_S
        m.events(("agent-hello", "personal", {"release": "rt-1.0"}),
                 ("package-done", None, {"outcome": "failed", "error": 815}), never="trial=1")
        m.undisturbed("rt")
        assert m.status("update")["restarts"] == "0"
        assert m.guest_errors() == ""
    after = device.state("personal")
    assert (after["outcome"], after["failed_digest"]) == ("rolled-back", digest(bad))
    assert after["floor"] == before["floor"]
    assert holds(device) == held
    assert device.partition("personal_a")["digest"] == digest(old)
    # The same package is not tried again.
    with Machine(device, CPUS) as m:
        m.events(("agent-hello", "personal", {"release": "rt-1.0"}), ("package-skipped",),
                 never=r"event \d+ staged")
