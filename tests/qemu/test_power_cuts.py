# SPDX-License-Identifier: Apache-2.0
"""kill -9 of QEMU anywhere in the life of an update, then power on again. What QEMU told the guest is
durable is in the host's page cache and outlives it, and nothing else does.

A moment is a line of the console, counted from power-on, and a delay after it: so moments follow the
device's progress and not the host's speed. `SEED=n` draws others; a failure prints them."""

import os
import random
import time

import pytest

from device import Device, digest, linux_image, release, rt_image, segue
from machine import Machine

SEED = int(os.environ.get("SEED", "1"))
BOOT = 180
DELAY_S = 0.05
BOOTABLE = ("good", "staged")


class Sweep:
    """A device in the middle of an update: its guest, images, and how that ends."""

    def __init__(self, system, guest, cpus, lines, old, new, good):
        """old, new: image and what the guest says of it; lines: of an undisturbed run."""
        self.system, self.guest, self.cpus, self.lines = system, guest, cpus, lines
        self.quiet = 12 if guest == "personal" else 3 # a kernel has nothing to say for a while
        (self.old, self.old_release), (self.new, self.new_release) = old, new
        self.good = good

    def device(self, name):
        device = Device(name, self.system, {f"{self.guest}_a": self.old})
        device.deliver(device.package(name, "--update", f"{self.guest}={self.old},{self.new}"))
        return device

    def check_whole(self, device):
        """What may be started is whole and one of the two images; one slot is active."""
        slots = device.state(self.guest)["slots"]
        assert sum(s["active"] for s in slots) == 1, slots
        for slot in slots:
            if slot["state"] in BOOTABLE:
                held = device.partition(f"{self.guest}_{slot['slot']}")
                assert held["digest"] == slot["digest"]
                assert slot["digest"] in (digest(self.old), digest(self.new))
                self.verify(device, held)
            else:
                assert not slot["active"], slot

    def verify(self, device, partition):
        image = os.path.join(device.folder, "slot.img")
        with open(device.disk, "rb") as disk, open(image, "wb") as out:
            disk.seek(partition["offset"])
            out.write(disk.read(partition["image_bytes"]))
        segue("image", "verify", "--vms", device.system, "--guest", self.guest, image)

    def check_end(self, device):
        """Powered on once more, undisturbed, the update ends as it should."""
        said = self.new_release if self.good else self.old_release
        outcome = "applied" if self.good else "failed"
        with Machine(device, self.cpus) as m:
            m.events(("agent-hello", self.guest, {"release": said}),
                     ("package-(done|skipped)", None, {"outcome": outcome}), timeout=BOOT)
            limit = time.monotonic() + BOOT
            while not m.seen("event 52 refilled ") and not self.is_refilled(device):
                assert time.monotonic() < limit, m.tail()
                m.wait(".")
            assert m.guest_errors() == ""
        self.check_whole(device)
        state = device.state(self.guest)
        active = next(s for s in state["slots"] if s["active"])
        assert active["digest"] == digest(self.new if self.good else self.old)
        if not self.good:
            assert state["failed_digest"] == digest(self.new)

    def is_refilled(self, device):
        return all(s["state"] == "good" for s in device.state(self.guest)["slots"])


def rt(build, version, good):
    return Sweep("rt", "rt", 2, 60 if good else 86, (rt_image("v1_0", "1.0"), "rt-1.0"),
                 (rt_image(build, version, 2), f"rt-{version}"), good)


def personal(fault):
    return Sweep("linux", "personal", 3, 185 if fault else 146, (linux_image("old", "6.1.0+55"), release("old")),
                 (linux_image("new", "6.1.0+56", 2, fault=fault), release("new")), not fault)


SWEEPS = {
    "rt": lambda: rt("v1_1", "1.1", True),
    "rt-rollback": lambda: rt("reset", "2.0", False),
    "personal": lambda: personal(None),
    "personal-rollback": lambda: personal("panic"),
}


def live(name, sweep, seed, cuts):
    """One update, with so many cuts of its power."""
    rng = random.Random(seed)
    device = sweep.device(name)
    for _ in range(cuts):
        line, delay = rng.randrange(1, sweep.lines), rng.random() * DELAY_S
        with Machine(device, sweep.cpus) as m:
            m.wait_lines(line, BOOT, sweep.quiet)
            time.sleep(delay)
            m.cut()
        print(f"seed {seed}: cut {delay * 1000:.0f} ms after line {line}, at: {m.lines[-2:][0]}")
        sweep.check_whole(device)
    sweep.check_end(device)


def lives(rows):
    return [pytest.param(what, SEED * 1000 + i, cuts, id=f"{what}-{SEED * 1000 + i}")
            for what, count, cuts in rows for i in range(count)]


@pytest.mark.parametrize("what,seed,cuts",
                         lives([("rt", 2, 2), ("rt-rollback", 2, 2), ("personal", 1, 2)]))
def test_power_is_cut_ten_times(name, what, seed, cuts):
    live(name, SWEEPS[what](), seed, cuts)


@pytest.mark.soak
@pytest.mark.parametrize("what,seed,cuts",
                         lives([("rt", 40, 3), ("rt-rollback", 32, 3), ("personal", 14, 3),
                                ("personal-rollback", 14, 3)]))
def test_power_is_cut_three_hundred_times(name, what, seed, cuts):
    live(name, SWEEPS[what](), seed + 500, cuts)
