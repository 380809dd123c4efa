# SPDX-License-Identifier: Apache-2.0
"""Which files the commands take, and where they write."""

import os
import resource
import signal
import stat
import subprocess

import pytest

from conftest import SEGUE

# A command of each kind that writes; the output's name follows.
WRITERS = {
    "key": ["key", "generate", "--force", "-o"],
    "public": ["key", "public", "image.pem", "-o"],
    "root": ["root", "create", "--root-key", "root.pem", "--package-key", "package.pem", "-o"],
    "image": ["image", "create", "--vms", "system.dtb", "--guest", "rt", "--kernel", "rt.bin", "--raw",
              "--version", "1.0", "--security-counter", "1", "--key", "image.pem", "-o"],
    "create": ["delta", "create", "--from", "old.img", "--to", "new.img", "-o"],
    "apply": ["delta", "apply", "--from", "old.img", "good.delta", "-o"],
    "resumable": ["delta", "apply", "--from", "old.img", "good.delta", "--resume-file", "r", "-o"],
    "classic": ["delta", "apply", "--from", "old", "classic", "-o"],
    "package": ["package", "create", "--vms", "system.dtb", "--id", "i", "--version", "1", "--image",
                "personal=new.img", "--root", "root.json", "--key", "package.pem", "-o"],
    "disk": ["disk", "create", "--vms", "system.dtb", "-o"],
    "state": ["state", "create", "--vms", "system.dtb", "--slot", "personal_a=old.img", "--slot",
              "work_a=work.img", "--slot", "rt_a=rt.img", "-o"],
}


@pytest.fixture
def place(shop):
    """What every command of WRITERS reads."""
    shop.write("old", b"classic")
    shop.write("new", b"classical")
    shop.segue("delta", "create", "--format", "bsdiff40", "--from", "old", "--to", "new", "-o",
               "classic")
    return shop


def device(path):
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root makes devices")


SPECIAL = {"device": device, "fifo": os.mkfifo, "folder": os.mkdir}


@pytest.mark.parametrize("kind", SPECIAL)
@pytest.mark.parametrize("writer", WRITERS)
def test_only_a_regular_file_is_replaced(place, writer, kind):
    SPECIAL[kind](place.path("x"))
    before, was = set(os.listdir(place.folder)), os.lstat(place.path("x"))
    assert ": x: not a regular file" in place.refused(101, *WRITERS[writer], "x")
    assert set(os.listdir(place.folder)) == before
    assert os.lstat(place.path("x")).st_mode == was.st_mode
    assert os.lstat(place.path("x")).st_ino == was.st_ino


@pytest.mark.parametrize("writer", WRITERS)
def test_a_link_stays_and_the_file_it_leads_to_is_replaced(place, writer):
    os.mkdir(place.path("elsewhere"))
    place.write("elsewhere/x", b"before")
    os.symlink("elsewhere/x", place.path("x"))
    place.segue(*WRITERS[writer], "x")
    assert os.readlink(place.path("x")) == "elsewhere/x"
    assert os.listdir(place.path("elsewhere")) == ["x"]
    assert place.read("elsewhere/x") != b"before"


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("name", ["nothing", "missing/x", "x/", ""])
def test_a_place_that_cannot_be_written(place, writer, name):
    """It is refused before the work: a command that reads nothing that there is says the same."""
    os.symlink("nowhere", place.path("nothing"))
    before = set(os.listdir(place.folder))
    words = ["absent" if word in ("image.pem", "root.pem", "old.img", "old", "system.dtb") else word
             for word in WRITERS[writer]]
    assert f": {name}: " in place.refused(101, *words, name)
    assert set(os.listdir(place.folder)) == before


@pytest.mark.parametrize("args", [
    ["delta", "info", "fifo"],
    ["delta", "apply", "--from", "old.img", "fifo", "-o", "x"],
    ["delta", "apply", "--from", "fifo", "good.delta", "-o", "x"],
    ["delta", "create", "--from", "fifo", "--to", "new.img", "-o", "x"],
    ["delta", "create", "--from", "old.img", "--to", "fifo", "-o", "x"],
    ["image", "info", "fifo"],
    ["package", "info", "fifo"],
    ["key", "public", "fifo"],
    ["disk", "info", "fifo"],
    ["disk", "put", "--vms", "system.dtb", "--put", "rt_a=rt.img", "fifo"],
])
def test_a_fifo_is_no_input(shop, args):
    """Nobody writes to it: the command must not wait."""
    os.mkfifo(shop.path("fifo"))
    done = subprocess.run([SEGUE, *args], cwd=shop.folder, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1 and ": error 101: " in done.stderr and ": fifo: " in done.stderr


def limited(shop, size, *args):
    """The command, when no file may grow beyond a size: as on a full disk, writes fall short."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return subprocess.run([SEGUE, *args], cwd=shop.folder, capture_output=True, text=True, timeout=120,
                          preexec_fn=limit, restore_signals=False)


@pytest.mark.parametrize("writer", [w for w in WRITERS if w != "disk"])
def test_a_full_disk_is_told_by_the_output_s_name(place, writer):
    before = set(os.listdir(place.folder))
    done = limited(place, 5, *WRITERS[writer], "x")
    assert done.returncode == 1
    assert done.stderr == "segue: error 101: input/output error: x: File too large\n"
    assert set(os.listdir(place.folder)) == before


def test_a_full_disk_in_the_middle(place):
    place.write("big", b"\0" * 3_000_000)
    place.segue("delta", "create", "--from", "old.img", "--to", "big", "-o", "grows")
    before = set(os.listdir(place.folder))
    for more in [], ["--resume-file", "r"]:
        done = limited(place, 1_500_001, "delta", "apply", "--from", "old.img", "grows", "-o", "x",
                       *more)
        assert done.stderr == "segue: error 101: input/output error: x: File too large\n"
        assert set(os.listdir(place.folder)) == before
    resumed = ["delta", "apply", "--from", "old.img", "grows", "-o", "x", "--resume-file", "r"]
    place.segue(*resumed, "--stop-after", "1M")
    checkpoint = place.read("r")
    done = limited(place, 1_500_001, *resumed)
    assert done.stderr == "segue: error 101: input/output error: x: File too large\n"
    assert set(os.listdir(place.folder)) == before | {"r", "x.part"}
    assert place.read("r") == checkpoint
    place.segue(*resumed)
    assert place.read("x") == place.read("big")
    place.segue("disk", "create", "--vms", "system.dtb", "-o", "disk.img")
    done = limited(place, 30_000, "disk", "put", "--vms", "system.dtb", "--put", "inbox=big", "disk.img")
    assert done.stderr == "segue: error 101: input/output error: inbox: File too large\n"
