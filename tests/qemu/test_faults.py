# SPDX-License-Identifier: Apache-2.0
"""Fault attacks on bootfw's check (tests/qemu/faults.py): one skipped instruction never starts an
image that must not start, though the boot state holds its digest."""

import os

import pytest

from attack import TLV_SIGNATURE, Image, believe, put
from device import Device, rt_image
from faults import Walk
from machine import Machine

CPUS = 2
STRIDE = 97 # of the skips in `make test`; prime, so that loops are not met at one place alone


def damaged_signature():
    image = Image(rt_image("v1_0", "1.0"))
    at, length = image.tlv(TLV_SIGNATURE)
    return image.flip(at + length - 1)


def other_payload():
    image = Image(rt_image("v1_0", "1.0"))
    return image.flip(image.payload + 64).rehash()


def foreign_key():
    return Image(rt_image("v1_0", "1.0", signer="stranger"))


def another_guests():
    return Image(rt_image("v1_0", "1.0", guest="work"))


# What is wrong with the image, and what hv must say of it.
FORGERIES = [(damaged_signature, 215), (other_payload, 215), (foreign_key, 212),
             (another_guests, 218)]
SAMPLED = [FORGERIES[0], FORGERIES[2]]


def device_with(name, forged):
    """rt's slot and the boot state hold a forgery."""
    path = rt_image("v1_0", "1.0")
    device = Device(name, "faults", {"rt_a": path})
    put(device, "rt_a", forged.bytes)
    if forged.bytes != Image(path).bytes:
        believe(device, Image(path).digest(), forged.digest())
    return device


class Attack:
    """A machine that stands still where bootfw begins to judge the image."""

    def __init__(self, name, forged):
        self.device = device_with(name, forged)
        gdb = os.path.join(self.device.folder, "gdb")
        self.machine = Machine(self.device, CPUS, memory="1G", extra=(
            "-S", "-gdb", f"unix:{gdb},server=on,wait=off", "-machine", "memory-backend=ram",
            "-object", "memory-backend-memfd,id=ram,size=1G,share=on"))
        try:
            self.walk = Walk(gdb, self.machine, forged.digest())
        except BaseException:
            self.machine.cut()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.machine.cut()


def test_a_good_image_is_seen_to_start(name):
    """The control: what is looked for is there when the image is good."""
    with Attack(name, Image(rt_image("v1_0", "1.0"))) as a:
        result, starts = a.walk.run(lambda n: False)
        assert starts and result.walked > 1000
        a.walk.leave()
        a.machine.wait(r"\[hv\] VM rt: running")


def attacked(name, forge, error, chosen, random_skips):
    with Attack(name, forge()) as a:
        at_random = a.walk.at_random(random_skips, seed=1)
        result, starts = a.walk.run(chosen)
        print(f"{forge.__name__}: {result}; at random: {at_random}")
        assert not starts
        assert result.started == [] and at_random.started == []
        a.walk.leave()
        a.machine.wait(rf"\[hv\] .*error {error}\b", never=r"VM rt: running")


@pytest.mark.parametrize("forge,error", SAMPLED)
def test_a_skipped_instruction_starts_nothing(name, forge, error):
    attacked(name, forge, error, lambda n: n % STRIDE == 0, 10)


@pytest.mark.soak
@pytest.mark.parametrize("forge,error", FORGERIES)
def test_no_skipped_instruction_starts_anything(name, forge, error):
    attacked(name, forge, error, lambda n: True, 1000)
