# SPDX-License-Identifier: Apache-2.0
"""One update, written again up to each of its writes: what the host tools find there is consistent,
and the device ends the update from there."""

import shutil

import pytest

from device import Device
from machine import Machine
from test_power_cuts import SWEEPS
from write_log import Recorder

BOOT = 60


def record(name, what):
    """The sweep, and its device with everything that one undisturbed update wrote."""
    sweep = SWEEPS[what]()
    device = sweep.device(name)
    recorder = Recorder(device)
    with Machine(device, sweep.cpus, drives=recorder.drives()) as m:
        m.event("refilled", sweep.guest, BOOT)
    return sweep, device, recorder, recorder.writes(m.guest_errors())


class Copy(Device):
    """A device's files as they are now."""

    def __init__(self, device, name):
        self.folder = device.folder
        self.system = device.system
        self.disk, self.nor = (shutil.copy(path, f"{path}.{name}")
                               for path in (device.disk, device.nor))


def replay(name, what, every):
    sweep, device, recorder, writes = record(name, what)
    assert {w.device for w in writes} == {"disk", "nor"}
    assert any(not w.data for w in writes)
    recorder.rewind()
    for i, write in enumerate(writes):
        recorder.repeat(write)
        print(f"write {i} of {len(writes)}: {len(write.data)} bytes to {write.device} at {write.offset}")
        sweep.check_whole(device)
        if i % every == every // 2:
            sweep.check_end(Copy(device, "copy"))
    assert sweep.is_refilled(device) or not sweep.good


def test_every_prefix_of_an_update(name):
    replay(name, "rt", 12)


@pytest.mark.soak
@pytest.mark.parametrize("what", ["rt", "rt-rollback"])
def test_every_prefix_is_ended_by_the_device(name, what):
    replay(name, what, 1)
