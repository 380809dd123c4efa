# SPDX-License-Identifier: Apache-2.0
"""The bytes of rt's slot are exchanged on the disk behind the updater's back. bootfw and hv refuse them
with their number, slot b runs as before and is what slot a is filled from again. That the boot state was
made to hold the forgery's digest does not help: bootfw judges by the signature alone."""

import subprocess

import pytest

from attack import TLV_SHA256, TLV_SIGNATURE, Image, believe, put
from device import KEYS, Device, rt_image, segue, work_file
from machine import Machine

CPUS = 2
COUNTER = 5
GOOD = ("v1_0", "1.0", COUNTER)


def good():
    return Image(rt_image(*GOOD))


def at_tlv(kind, change):
    image = good()
    at, length = image.tlv(kind)
    change(image.bytes, at, length)
    return image


def cut(image, size):
    image.bytes = image.bytes[:size]
    return image


def without(kind):
    """The TLV is taken out, and the row's length made to fit."""
    image = good()
    at, length = image.tlv(kind)
    del image.bytes[at - 4:at + length]
    row = len(image.bytes) - image.tlvs
    image.bytes[image.tlvs + 2:image.tlvs + 4] = row.to_bytes(2, "little")
    return image


def twice(kind):
    image = good()
    at, length = image.tlv(kind)
    image.bytes += image.bytes[at - 4:at + length]
    row = len(image.bytes) - image.tlvs
    image.bytes[image.tlvs + 2:image.tlvs + 4] = row.to_bytes(2, "little")
    return image


def flip(data, at, _length):
    data[at + 5] ^= 1


def header(at, size, value):
    image = good()
    image.bytes[at:at + size] = value.to_bytes(size, "little")
    return image


def signed_program(name, program, *more):
    """Whatever it is: signed with the image key."""
    source, out = work_file(f"{name}.raw"), work_file(f"{name}.img")
    with open(source, "wb") as f:
        f.write(program)
    segue("image", "create", "--guest", "rt", "--kernel", source, "--raw", "--version", "1.0",
          "--security-counter", COUNTER, "--key", f"{KEYS}/image.pem", *more, "-o", out)
    return Image(out)


def signed_fit(name, kernel="", configuration='default = "c"; c { kernel = "k"; };', damage=None):
    source = ('/dts-v1/; / { images { k { type = "kernel"; arch = "arm64"; compression = "none"; '
              f'{kernel} }}; }}; configurations {{ {configuration} }}; }};')
    fit = bytearray(subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb"], input=source.encode(),
                                   capture_output=True, check=True).stdout)
    if damage:
        damage(fit)
    return signed_program(name, bytes(fit))


def longer_than_it_is(fit):
    fit[4:8] = (len(fit) + 4096).to_bytes(4, "big")


# What is put into the slot, and what must be said of it though the boot state holds its digest.
BELIEVED = {
    "payload-changed": (lambda: good().flip(good().payload + 100), 210),
    "payload-changed-hash-mended": (lambda: good().flip(good().payload + 100).rehash(), 215),
    "counter-raised-hash-mended": (lambda: good().flip(good().protected + 8, 2).rehash(), 215),
    "load-address-changed": (lambda: header(4, 4, 0x40300000), 210),
    "signature-changed": (lambda: at_tlv(TLV_SIGNATURE, flip), 215),
    "signature-missing": (lambda: without(TLV_SIGNATURE), 214),
    "signature-twice": (lambda: twice(TLV_SIGNATURE), 207),
    "hash-missing": (lambda: without(TLV_SHA256), 209),
    "another-key": (lambda: Image(rt_image(*GOOD, signer="stranger")), 212),
    "another-guests": (lambda: Image(rt_image(*GOOD, guest="work")), 218),
    "fit-longer-than-it-is": (lambda: signed_fit("fit-long", damage=longer_than_it_is), 220),
    "fit-without-configuration": (lambda: signed_fit("fit-none", configuration=""), 221),
    "fit-without-kernel": (lambda: signed_fit("fit-empty"), 222),
    "fit-whose-kernel-is-none": (lambda: signed_fit("fit-bad", f'data = [{"5a" * 128}];'), 224),
    "entry-outside-of-ram": (lambda: signed_program("outside", bytes(4096), "--load-address",
                                                    "0x10000000"), 226),
}


def device_with_two(name):
    return Device(name, "rt", {"rt_a": rt_image(*GOOD), "rt_b": rt_image("v1_1", "1.1", COUNTER)})


def unranked(slot):
    return {field: value for field, value in slot.items() if field not in ("slot", "priority")}


def slot_a_is_refused(device, said):
    before, held = device.state("rt"), device.partition("rt_b")
    with Machine(device, CPUS) as m:
        m.wait(rf"\[hv\] VM rt: slot {said}\b", never=r"rt-1.0 starts|PANIC")
        m.events(("agent-hello", "rt", {"release": "rt-1.1"}), ("refilled", "rt"),
                 never="rt-1.0 starts|PANIC")
        rt = m.status("rt")
        assert (rt["state"], rt["slot"]) == ("running", "b")
        assert m.status("update")["restarts"] == "0"
        assert m.guest_errors() == ""
    after = device.state("rt")
    assert (after["floor"], after["outcome"]) == (before["floor"], before["outcome"])
    assert unranked(after["slots"][1]) == {**unranked(before["slots"][1]), "active": True}
    assert after["slots"][0]["digest"] == after["slots"][1]["digest"] == held["digest"]
    assert device.partition("rt_b") == held


@pytest.mark.parametrize("row", BELIEVED)
def test_a_forged_slot_is_refused_though_the_boot_state_holds_it(name, row):
    forge, error = BELIEVED[row]
    device, image = device_with_two(name), forge()
    put(device, "rt_a", image.bytes)
    believe(device, good().digest(), image.digest())
    slot_a_is_refused(device, f"a refused: error {error}")


# Good images, but not the one that the boot state holds.
OTHERS = {"downgrade": ("v1_2", "0.9", COUNTER - 1), "equal-counter": ("v1_2", "1.2", COUNTER),
          "never-staged": ("v1_2", "1.2", COUNTER + 1)}


@pytest.mark.parametrize("row", OTHERS)
def test_another_good_image_in_the_slot_is_refused(name, row):
    device = device_with_two(name)
    put(device, "rt_a", Image(rt_image(*OTHERS[row])).bytes)
    slot_a_is_refused(device, "a refused: error 616")


# What update cannot even load: its header leads nowhere.
UNREADABLE = {"zeros": (lambda: bytes(65536), 201),
              "size-max": (lambda: header(12, 4, 0xffffffff).bytes, 204),
              "protected-size-overlaps": (lambda: header(10, 2, 4).bytes, 205)}


@pytest.mark.parametrize("row", UNREADABLE)
def test_an_unreadable_slot_is_passed_over(name, row):
    forge, error = UNREADABLE[row]
    device = device_with_two(name)
    put(device, "rt_a", forge())
    slot_a_is_refused(device, f"0 could not be read: error {error}")
