# SPDX-License-Identifier: Apache-2.0
import hashlib
import json
import os
import subprocess

import pytest

CREATE = ["disk", "create", "--vms", "system.dtb"]


def partitions(shop, name):
    said = json.loads(shop.segue("disk", "info", "--json", name))
    return {p["name"]: p for p in said["partitions"]}


def test_partitions_follow_the_description(shop):
    shop.segue(*CREATE, "-o", "d")
    found = partitions(shop, "d")
    assert set(found) == {"hv_a", "hv_b", "inbox", "journal", "rt_a", "rt_b", "personal_a",
                          "personal_b", "personal_data", "work_a", "work_b", "work_data"}
    assert found["rt_a"]["bytes"] == 4 << 20
    assert found["personal_b"]["bytes"] == 48 << 20
    end = 0
    for p in sorted(found.values(), key=lambda p: p["offset"]):
        assert p["offset"] % (1 << 20) == 0 and p["offset"] >= end
        end = p["offset"] + p["bytes"]
    assert os.stat(shop.path("d")).st_blocks * 512 < 1 << 20  # sparse


def test_equal_inputs_give_an_equal_disk(shop):
    for name in "de":
        shop.segue(*CREATE, "--put", "personal_a=old.img", "-o", name)
    subprocess.run(["cmp", "d", "e"], cwd=shop.folder, check=True)


def test_put(shop):
    shop.segue(*CREATE, "--put", "personal_a=old.img", "--put", "inbox=package.tar", "-o", "d")
    found = partitions(shop, "d")
    assert found["personal_a"]["digest"] == hashlib.sha256(shop.read("old.img")).hexdigest()
    assert "digest" not in found["personal_b"]
    disk = shop.read("d")
    package = shop.read("package.tar")
    at = found["inbox"]["offset"]
    assert disk[at:at + len(package)] == package
    shop.segue("disk", "put", "--vms", "system.dtb", "--put", "personal_b=new.img", "d")
    assert partitions(shop, "d")["personal_b"]["version"] == "1.1.0"
    assert partitions(shop, "d")["personal_a"] == found["personal_a"]
    assert "image 1.1.0" in shop.segue("disk", "info", "d")


@pytest.mark.parametrize("put,number,status", [
    ("personal_a=work.img", 218, 1),
    ("personal_a=rt.bin", 201, 1),
    ("personal_c=old.img", 505, 1),
    ("journal=huge", 505, 1),
    ("journal", 103, 2),
    ("=old.img", 103, 2),
    ("inbox=missing", 101, 1),
])
def test_what_cannot_be_put(shop, put, number, status):
    shop.write("huge", bytes((1 << 20) + 1))
    shop.refused(number, *CREATE, "--put", put, "-o", "d", status=status)
    assert not os.path.exists(shop.path("d"))


def test_damaged_tables(shop):
    shop.segue(*CREATE, "-o", "d")
    whole = partitions(shop, "d")
    with open(shop.path("d"), "r+b") as f:
        f.seek(512)
        f.write(b"x")
    assert partitions(shop, "d") == whole
    assert "backup" in shop.segue("disk", "info", "d")
    with open(shop.path("d"), "r+b") as f:
        f.seek(-512, os.SEEK_END)
        f.write(b"x")
    done = shop.run("disk", "info", "d")
    assert done.returncode == 1 and done.stderr.startswith("segue: error 50")
    shop.write("empty", b"")
    assert shop.run("disk", "info", "empty").returncode == 1
