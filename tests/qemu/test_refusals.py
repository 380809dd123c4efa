# SPDX-License-Identifier: Apache-2.0
"""What must not be installed is refused with its number, and the running image is untouched."""

import io
import json
import os
import tarfile

import pytest

from device import KEYS, Device, digest, key, rt_image, segue, system
from machine import Machine
from test_rt_update import BOOT, CPUS, NEW, OLD, device_with_update, holds


def rewrite(package, member, change):
    """Replaces the bytes of one member of a package."""
    out = package + ".changed"
    with tarfile.open(package) as old, tarfile.open(out, "w", format=tarfile.USTAR_FORMAT) as new:
        for info in old.getmembers():
            data = old.extractfile(info).read()
            if info.name == member:
                data = change(data)
                info.size = len(data)
            new.addfile(info, io.BytesIO(data))
    return out


def flip(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def refused(device, event, number):
    """Boots; the event comes with this error, rt runs on as before, and nothing has changed."""
    before, held = device.state("rt"), device.partition("rt_a")
    with Machine(device, CPUS) as m:
        m.events((event, None, {"error": number}), ("agent-hello", "rt", {"release": "rt-1.0"}),
                 timeout=BOOT, never=r"event \d+ (staged|trial) ")
    after = device.state("rt")
    assert after["slots"][0] == before["slots"][0]
    assert after["slots"][0]["active"]
    assert device.partition("rt_a") == held


def test_a_bad_signature_of_the_package(name):
    device, _, _ = device_with_update(name, "v1_1")
    package = os.path.join(device.folder, f"{name}.tar")

    def break_signature(data):
        sig = json.loads(data)["signatures"][0]["sig"].encode()
        at = data.index(sig) + len(sig) - 1
        return data[:at] + (b"0" if data[at:at + 1] != b"0" else b"1") + data[at + 1:]

    device.deliver(rewrite(package, "targets.json", break_signature))
    refused(device, "package-refused", 409)


def test_a_package_signed_with_another_key(name):
    device = Device(name, "rt", {"rt_a": rt_image(*OLD)})
    root = os.path.join(device.folder, "root.json")
    segue("root", "create", "--root-key", key("stranger"), "--package-key", key("stranger"),
          "-o", root)
    package = os.path.join(device.folder, "stranger.tar")
    segue("package", "create", "--vms", device.system, "--id", "stranger", "--root", root, "--key",
          key("stranger"), "--update", f"rt={rt_image(*OLD)},{rt_image(*NEW)}", "-o", package)
    device.deliver(package)
    refused(device, "package-refused", 409)


def test_a_truncated_package(name):
    device, _, _ = device_with_update(name, "v1_1")
    package = os.path.join(device.folder, f"{name}.tar")
    with open(package, "rb") as f:
        data = f.read()
    with open(package + ".short", "wb") as f:
        f.write(data[:1536] + bytes(len(data) - 1536))
    device.deliver(package + ".short")
    refused(device, "package-refused", 403)


def test_a_flipped_chunk(name):
    device, _, _ = device_with_update(name, "v1_1")
    package = os.path.join(device.folder, f"{name}.tar")
    with tarfile.open(package) as tar:
        payload = next(n for n in tar.getnames() if n.endswith(".delta"))
    device.deliver(rewrite(package, payload, lambda data: flip(data, len(data) // 2)))
    refused(device, "target-failed", 420)


def member(package, suffix):
    with tarfile.open(package) as tar:
        return next(n for n in tar.getnames() if n.endswith(suffix))


def payload_first(package):
    """Metadata behind what it is about."""
    out = package + ".changed"
    with tarfile.open(package) as old, tarfile.open(out, "w", format=tarfile.USTAR_FORMAT) as new:
        members = old.getmembers()
        for info in members[:1] + members[2:] + members[1:2]:
            new.addfile(info, old.extractfile(info))
    return out


def entries_swapped(data):
    return data[:8] + data[44:80] + data[8:44] + data[80:]


# What is changed in a good package, and its end.
FORGED = {
    "trailing-byte": (lambda p: rewrite(p, member(p, ".delta"), lambda d: d + b"\0"),
                      "package-refused", 417),
    "byte-missing": (lambda p: rewrite(p, member(p, ".delta"), lambda d: d[:-1]),
                     "package-refused", 417),
    "chunks-in-another-order": (lambda p: rewrite(p, member(p, ".chunks"), entries_swapped),
                                "target-failed", 419),
    "payload-before-metadata": (payload_first, "package-refused", 404),
    "another-counter": (lambda p: rewrite(p, "targets.json", lambda d: d.replace(
        b'"security_counter":2', b'"security_counter":9')), "package-refused", 409),
}


@pytest.mark.parametrize("row", FORGED)
def test_a_forged_package(name, row):
    forge, event, number = FORGED[row]
    device, _, _ = device_with_update(name, "v1_1")
    device.deliver(forge(os.path.join(device.folder, f"{name}.tar")))
    refused(device, event, number)


def image_refused(name, maker, image, number):
    """A package that is in order brings an image that is not this guest's. `maker`: the system in
    whose view the image is good, for `segue` refuses to package it otherwise."""
    device = Device(name, "rt", {"rt_a": rt_image(*OLD)})
    package = os.path.join(device.folder, "package.tar")
    segue("package", "create", "--vms", maker, "--id", name, "--root", f"{KEYS}/root.json",
          "--key", key("package"), "--image", f"rt={image}", "-o", package)
    device.deliver(package)
    holds_before, held = holds(device), device.partition("rt_a")
    with Machine(device, CPUS) as m:
        m.event("image-refused", "rt", BOOT, error=number)
        m.event("agent-hello", "rt", release="rt-1.0", never="rt-1.1 starts")
    assert holds(device) == holds_before
    assert device.state("rt")["outcome"] == "refused"
    assert device.partition("rt_a") == held


def test_an_image_signed_with_another_key(name):
    image_refused(name, system("rt", keys=("image", "stranger")),
                  rt_image("v1_1", "1.1", 2, signer="stranger"), 212)


def test_another_guests_image(name):
    image_refused(name, system("foreign"), rt_image("v1_1", "1.1", 2, guest="work"), 218)


def test_a_delta_from_another_base(name):
    device = Device(name, "rt", {"rt_a": rt_image(*OLD)})
    other, new = rt_image("v1_1", "1.1", 1), rt_image("v1_2", "1.2", 3)
    device.deliver(device.package(name, "--update", f"rt={other},{new}"))
    refused(device, "target-failed", 802)


def test_a_downgrade(name):
    current, older = rt_image("v1_1", "1.1", 5), rt_image(*OLD)
    device = Device(name, "rt", {"rt_a": current})
    device.deliver(device.package(name, "--update", f"rt={current},{older}"))
    before = device.state("rt")
    with Machine(device, CPUS) as m:
        m.event("target-failed", "rt", BOOT, error=805, never=r"event \d+ (staged|trial) ")
    assert device.state("rt") == before


def test_a_confirm_with_a_wrong_token(name):
    device, _, _ = device_with_update(name, "wrong_token", version="2.0")
    with Machine(device, CPUS) as m:
        m.event("trial", "rt", BOOT)
        m.event("confirm-relayed", "rt", result=-9)
        m.event("rolled-back", "rt", never=r"event \d+ confirmed ")
    assert device.state("rt")["outcome"] == "rolled-back"


def test_an_unprovisioned_device_says_so(name):
    device = Device(name, "rt", {"rt_a": rt_image(*OLD)})
    with open(device.nor, "wb") as f:
        f.write(b"\xff" * (64 << 20))
    with Machine(device, CPUS) as m:
        m.wait(r"\[hv\] .*error 601", BOOT)
    assert digest(rt_image(*OLD)) == device.partition("rt_a")["digest"]
