# SPDX-License-Identifier: Apache-2.0
import hashlib
import json
import os

import pytest

ALL = ["--slot", "rt_a=rt.img", "--slot", "personal_a=old.img", "--slot", "work_a=work.img"]
CREATE = ["state", "create", "--vms", "system.dtb"]
INFO = ["state", "info", "--vms", "system.dtb"]


def guests(shop, name):
    return {g["name"]: g for g in json.loads(shop.segue(*INFO, "--json", name))["guests"]}


def test_a_new_device(shop):
    shop.segue(*CREATE, *ALL, "-o", "nor")
    assert os.path.getsize(shop.path("nor")) == 64 << 20
    found = guests(shop, "nor")
    assert set(found) == {"rt", "personal", "work"}
    a, b = found["personal"]["slots"]
    assert a["active"] and a["state"] == "good" and a["successful"]
    assert a["digest"] == hashlib.sha256(shop.read("old.img")).hexdigest()
    assert b["state"] == "empty" and not b["active"]
    assert found["personal"]["floor"] == 1 and not found["personal"]["trial"]
    assert "*a good" in shop.segue(*INFO, "nor")


def test_both_slots(shop):
    shop.segue(*CREATE, *ALL, "--slot", "personal_b=new.img", "-o", "nor")
    personal = guests(shop, "nor")["personal"]
    assert personal["floor"] == 2
    assert [s["state"] for s in personal["slots"]] == ["stale", "good"]


@pytest.mark.parametrize("slot,number,status", [
    ("personal_a=work.img", 218, 1),
    ("personal_c=old.img", 103, 2),
    ("nobody_a=old.img", 108, 1),
    ("_a=old.img", 103, 2),
    ("personal_b=missing", 101, 1),
])
def test_what_cannot_be_in_a_slot(shop, slot, number, status):
    shop.refused(number, *CREATE, *ALL, "--slot", slot, "-o", "nor", status=status)
    assert not os.path.exists(shop.path("nor"))


def test_what_is_no_boot_state(shop):
    shop.write("short", bytes(1000))
    shop.refused(604, *INFO, "short")
    shop.write("blank", b"\xff" * (64 << 20))
    shop.refused(601, *INFO, "blank")
    shop.write("zero", bytes(64 << 20))
    done = shop.run(*INFO, "zero")
    assert done.returncode == 1 and done.stderr.startswith("segue: error 60")
