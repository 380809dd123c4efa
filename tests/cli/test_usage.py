# SPDX-License-Identifier: Apache-2.0
"""What all commands have in common."""

import os
import re
import subprocess

import pytest

from conftest import SEGUE

COMMANDS = re.findall(r"^  ([a-z]+) ([a-z]+)  ", subprocess.run(
    [SEGUE, "--help"], capture_output=True, text=True, check=False).stdout, re.M)


@pytest.mark.parametrize("group,command", COMMANDS)
def test_help_of_every_command(shop, group, command):
    assert shop.segue(group, command, "--help").startswith(f"usage: segue {group} {command}")
    assert "usage: segue" in shop.segue(group, "--help")


@pytest.mark.parametrize("args", [
    [],
    ["nothing"],
    ["image"],
    ["image", "nothing"],
    ["image", "info"],
    ["image", "info", "old.img", "new.img"],
    ["image", "info", "--nothing", "old.img"],
    ["image", "info", "--json=yes", "old.img"],
    ["image", "verify", "old.img", "--guest"],
    ["key", "generate"],
    ["key", "public", "--format", "none", "image.pem"],
    ["image", "create", "--guest", "personal"],
    ["delta", "create", "--from", "old.img", "--to", "new.img", "-o", "x", "--threads", "many"],
    ["delta", "create", "--from", "old.img", "--to", "new.img", "-o", "x", "--threads", "-1"],
    ["delta", "create", "--from", "old.img", "--to", "new.img", "-o", "x", "--codec", "lzma"],
    ["delta", "create", "--from", "old.img", "--to", "new.img", "-o", "x", "--format", "vcdiff"],
    ["delta", "apply", "--from", "old.img", "good.delta", "-o", "x", "--stop-after", "1M"],
    ["disk", "create", "--vms", "system.dtb", "--put", "inbox", "-o", "x"],
    ["state", "create", "--vms", "system.dtb", "--slot", "rt=rt.img", "-o", "x"],
    ["state", "create", "--vms", "system.dtb", "--slot", "rt_a=rt.img", "-o", "x"],
    ["package", "create", "--vms", "system.dtb", "--id", "i", "--root", "root.json", "--key",
     "package.pem", "-o", "x"],
    ["package", "create", "--vms", "system.dtb", "--id", "i", "--root", "root.json", "--key",
     "package.pem", "--update", "personal=old.img", "-o", "x"],
])
def test_wrong_usage(shop, args):
    shop.refused(103, *args, status=2)
    assert not os.path.exists(shop.path("x"))


@pytest.mark.parametrize("named,args", [
    ("missing", ["image", "info", "missing"]),
    (".", ["image", "info", "."]),
    ("missing", ["delta", "create", "--from", "missing", "--to", "new.img", "-o", "x"]),
    ("missing", ["disk", "info", "missing"]),
    ("missing/key.pem", ["key", "generate", "-o", "missing/key.pem"]),
    ("image.pem", ["key", "generate", "-o", "image.pem"]),
])
def test_files_that_cannot_be_used(shop, named, args):
    assert f": {named}: " in shop.refused(101, *args)


@pytest.mark.parametrize("content,number", [
    (b"", 701),
    (b"\xd0\x0d\xfe\xed" + bytes(60), 701),
    (bytes(4096), 701),
])
def test_system_image_that_is_none(shop, content, number):
    shop.write("bad.dtb", content)
    shop.refused(number, "disk", "create", "--vms", "bad.dtb", "-o", "x")


def test_unfinished_outputs_are_removed(shop):
    before = set(os.listdir(shop.folder))
    shop.refused(201, "disk", "create", "--vms", "system.dtb", "--put", "rt_a=rt.bin", "-o", "x")
    assert set(os.listdir(shop.folder)) == before


def test_the_default_system_image_stands_above_the_program(shop):
    os.mkdir(shop.path("bin"))
    with open(SEGUE, "rb") as f:
        program = shop.write("bin/segue", f.read())
    os.chmod(program, 0o755)
    done = shop.run("disk", "create", "-o", "x", program=program)
    assert done.returncode == 0, done.stderr
