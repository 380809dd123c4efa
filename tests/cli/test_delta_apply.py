# SPDX-License-Identifier: Apache-2.0
"""`delta apply`: stopped and resumed, and what is refused before any work."""

import contextlib
import ctypes
import fcntl
import os
import pty
import random
import select
import signal
import subprocess
import termios

import pytest

from conftest import SEGUE, Workshop

SIZE = 3_505_000
APPLY = ["delta", "apply", "--from", "old", "delta", "-o", "out"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two files of four segments, and their delta."""
    shop = Workshop(tmp_path_factory.mktemp("made"))
    data = random.Random(4).randbytes(SIZE)
    shop.write("old", data)
    shop.write("new", data[100_000:] + random.Random(5).randbytes(100_000))
    shop.segue("delta", "create", "--from", "old", "--to", "new", "-o", "delta")
    return shop


@pytest.fixture
def pair(made, tmp_path):
    for name in "old", "new", "delta":
        os.link(made.path(name), tmp_path / name)
    return Workshop(tmp_path)


def stop(pair, after="1M", out="out"):
    pair.segue("delta", "apply", "--from", "old", "delta", "-o", out, "--stop-after", after,
               "--resume-file", "r")


@contextlib.contextmanager
def watch(folder, kind, name):
    """Gives a function that waits until inotify tells this of this file."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.inotify_init1(os.O_CLOEXEC)
    assert fd >= 0 and libc.inotify_add_watch(fd, folder.encode(), kind) >= 0

    def wait():
        seen = b""
        while f"{name}\0".encode() not in seen:
            assert select.select([fd], [], [], 60)[0], f"nothing was told of {name}: {seen}"
            seen += os.read(fd, 4096)
    try:
        yield wait
    finally:
        os.close(fd)


IN_ACCESS, IN_OPEN, IN_MOVED_TO = 0x01, 0x20, 0x80


@contextlib.contextmanager
def running(pair, *args, **streams):
    process = subprocess.Popen([SEGUE, *args], cwd=pair.folder, **streams)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def full_pipe():
    """Who writes to it waits until all that it holds is read."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write, b"." * 4096)
    os.set_blocking(write, True)
    with open(read, "rb") as reader, open(write, "wb") as writer:
        yield reader, writer


@contextlib.contextmanager
def stopped_terminal():
    """Who writes to it waits, as after control-S."""
    master, slave = pty.openpty()
    termios.tcflow(slave, termios.TCOOFF)
    try:
        yield slave
    finally:
        os.close(slave)
        os.close(master)


@pytest.mark.parametrize("stopped", [True, False])
def test_what_another_run_holds_is_not_touched(pair, stopped):
    if stopped:
        stop(pair)
    else:
        pair.write("out.part", b"another's")
    was, before = pair.read("out.part"), set(os.listdir(pair.folder))
    with open(pair.path("out.part"), "rb") as part:
        fcntl.flock(part, fcntl.LOCK_EX)
        for more in [], ["--stop-after", "0"]:
            assert "out.part: another run works in it" in pair.refused(101, *APPLY, "--resume-file", "r", *more)
        assert pair.read("out.part") == was and set(os.listdir(pair.folder)) == before
    pair.segue(*APPLY, "--resume-file", "r")
    assert pair.read("out") == pair.read("new")


def test_a_run_holds_its_part_until_it_ends(pair):
    """The first has written its checkpoint and waits to say so."""
    with watch(pair.folder, IN_MOVED_TO, "r") as moved, full_pipe() as (reader, writer), running(
            pair, *APPLY, "--resume-file", "r", "--stop-after", "1M", stdout=writer) as first:
        moved()
        for checkpoint in "r", "another":
            pair.refused(101, *APPLY, "--resume-file", checkpoint)
        writer.close()
        assert reader.read().endswith(b"run it again without --stop-after\n")
        assert first.wait(60) == 0
    pair.segue(*APPLY, "--resume-file", "r")
    assert pair.read("out") == pair.read("new")


@pytest.mark.parametrize("out", ["out", "another"])
def test_a_run_holds_its_checkpoint_from_the_beginning(pair, out):
    """Whatever the output, two runs would leave the checkpoint of the one that is stopped last."""
    with watch(pair.folder, IN_ACCESS, "old") as accessed, stopped_terminal() as terminal, running(
            pair, *APPLY, "--resume-file", "r", "--stop-after", "1M", stderr=terminal) as first:
        accessed()
        before = set(os.listdir(pair.folder))
        for checkpoint in "r", "./r":
            for more in [], ["--stop-after", "2M"]:
                said = pair.refused(101, "delta", "apply", "--from", "old", "delta", "-o", out,
                                    "--resume-file", checkpoint, *more)
                assert "r.part: another run works in it" in said
        assert set(os.listdir(pair.folder)) == before
        termios.tcflow(terminal, termios.TCOON)
        assert first.wait(60) == 0
    pair.segue(*APPLY, "--resume-file", "r")
    assert pair.read("out") == pair.read("new")
    assert not {"r", "r.part", "another", "another.part"} & set(os.listdir(pair.folder))


def test_what_a_power_cut_left_of_a_checkpoint_is_none(pair):
    """Its part is written anew."""
    pair.write("r.part", b"x" * 100)
    stop(pair)
    pair.write("r.part", b"")
    pair.segue(*APPLY, "--resume-file", "r")
    assert pair.read("out") == pair.read("new")
    assert not {"r", "r.part", "out.part"} & set(os.listdir(pair.folder))


@pytest.mark.parametrize("out", ["out", "old"])
def test_a_power_cut_before_the_checkpoint_is_removed(pair, out):
    """The output has its name, and may be the old image's."""
    stop(pair, out=out)
    checkpoint = pair.read("r")
    done = ["delta", "apply", "--from", "old", "delta", "-o", out, "--resume-file", "r"]
    pair.segue(*done)
    for more in [], ["--stop-after", "1M"]:
        pair.write("r", checkpoint)
        pair.segue(*done, *more)
        assert pair.read(out) == pair.read("new")
        assert not {"r", "r.part", f"{out}.part"} & set(os.listdir(pair.folder))


@pytest.mark.parametrize("damage", ["output", "checkpoint"])
def test_an_output_that_is_not_the_checkpoint_s(pair, damage):
    stop(pair)
    checkpoint = bytearray(pair.read("r"))
    os.remove(pair.path("out.part"))
    out = bytearray(pair.read("new"))
    (out if damage == "output" else checkpoint)[20] ^= 1
    pair.write("out", out)
    pair.write("r", checkpoint)
    before = set(os.listdir(pair.folder))
    pair.refused(312, *APPLY, "--resume-file", "r")
    assert set(os.listdir(pair.folder)) == before
    assert pair.read("out") == out and pair.read("r") == checkpoint


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_what_a_run_goes_on_with(pair, number):
    stop(pair)
    before, part, checkpoint = set(os.listdir(pair.folder)), pair.read("out.part"), pair.read("r")
    with watch(pair.folder, IN_OPEN, "out.part") as opened, stopped_terminal() as terminal, running(
            pair, *APPLY, "--resume-file", "r", stderr=terminal) as run:
        opened()
        run.send_signal(number)
        assert run.wait(60) == -number
    assert set(os.listdir(pair.folder)) == before
    assert pair.read("out.part") == part and pair.read("r") == checkpoint
    pair.segue(*APPLY, "--resume-file", "r")
    assert pair.read("out") == pair.read("new")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_once_the_checkpoint_is_there(pair, number):
    with watch(pair.folder, IN_MOVED_TO, "r") as moved, full_pipe() as (_, writer), running(
            pair, *APPLY, "--resume-file", "r", "--stop-after", "1M", stdout=writer) as run:
        moved()
        run.send_signal(number)
        assert run.wait(60) == -number
    pair.segue(*APPLY, "--resume-file", "r")
    assert pair.read("out") == pair.read("new")


def test_a_damaged_segment_leaves_what_a_run_goes_on_with(pair):
    stop(pair)
    bad = bytearray(pair.read("delta"))
    bad[-1] ^= 1
    pair.write("bad", bad)
    before, checkpoint = set(os.listdir(pair.folder)), pair.read("r")
    pair.refused(307, "delta", "apply", "--from", "old", "bad", "-o", "out", "--resume-file", "r")
    assert set(os.listdir(pair.folder)) == before and pair.read("r") == checkpoint
    pair.segue(*APPLY, "--resume-file", "r")
    assert pair.read("out") == pair.read("new")


def test_an_old_part_of_another_length_is_cut(pair):
    for size in 10, 6_000_000:
        pair.write("out.part", b"x" * size)
        pair.segue(*APPLY, "--resume-file", "r")
        assert pair.read("out") == pair.read("new")
        pair.write("out.part", b"x" * size)
        stop(pair)
        pair.segue(*APPLY, "--resume-file", "r")
        assert pair.read("out") == pair.read("new")


@pytest.mark.parametrize("resume,there", [
    ("out", False), ("out", True), ("./out", False), ("out.part", False), ("link", True),
])
def test_the_checkpoint_has_a_place_of_its_own(pair, resume, there):
    if there:
        pair.write("out", b"before")
        os.symlink("out", pair.path("link"))
    before = set(os.listdir(pair.folder))
    assert f" {resume}: " in pair.refused(103, *APPLY, "--resume-file", resume, status=2)
    assert set(os.listdir(pair.folder)) == before
    assert not there or pair.read("out") == b"before"


@pytest.mark.parametrize("part", ["out.part", "r.part"])
@pytest.mark.parametrize("name", ["old", "delta"])
def test_a_part_is_no_input(pair, name, part):
    was = pair.read(name)
    os.rename(pair.path(name), pair.path(part))
    words = [part if word == name else word for word in APPLY[2:]]
    pair.refused(103, "delta", "apply", *words, "--resume-file", "r", status=2)
    assert pair.read(part) == was


def test_the_checkpoint_s_part_is_no_output(pair):
    pair.write("r.part", b"before")
    pair.refused(103, *APPLY[:-1], "r.part", "--resume-file", "r", status=2)
    assert pair.read("r.part") == b"before"


def test_the_checkpoint_and_the_output_go_where_links_lead(pair):
    os.mkdir(pair.path("elsewhere"))
    for name in "out", "r":
        pair.write(f"elsewhere/{name}", b"")
        os.symlink(f"elsewhere/{name}", pair.path(name))
    os.remove(pair.path("elsewhere/r"))
    pair.refused(101, *APPLY, "--resume-file", "r")
    os.remove(pair.path("r"))
    stop(pair)
    assert os.path.getsize(pair.path("elsewhere/out.part")) == SIZE
    pair.segue(*APPLY, "--resume-file", "r")
    assert pair.read("elsewhere/out") == pair.read("new")
    assert set(os.listdir(pair.path("elsewhere"))) == {"out"}


def test_a_checkpoint_without_its_part(pair):
    stop(pair)
    checkpoint = pair.read("r")
    os.remove(pair.path("out.part"))
    before = set(os.listdir(pair.folder))
    assert "out.part, which is missing" in pair.refused(312, *APPLY, "--resume-file", "r")
    assert set(os.listdir(pair.folder)) == before and pair.read("r") == checkpoint
    os.remove(pair.path("r"))
    pair.segue(*APPLY, "--resume-file", "r")
    assert pair.read("out") == pair.read("new")


@pytest.mark.parametrize("size", [0, SIZE - 1, SIZE + 1])
def test_a_checkpoint_with_another_part(pair, size):
    stop(pair)
    pair.write("out.part", b"x" * size)
    checkpoint = pair.read("r")
    assert f"{size} bytes, not {SIZE}" in pair.refused(312, *APPLY, "--resume-file", "r")
    assert pair.read("out.part") == b"x" * size and pair.read("r") == checkpoint


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("old", path)])
@pytest.mark.parametrize("stopped", [True, False])
def test_a_part_that_is_no_file(pair, make, stopped):
    if stopped:
        stop(pair)
        os.remove(pair.path("out.part"))
    make(pair.path("out.part"))
    before, was = set(os.listdir(pair.folder)), os.lstat(pair.path("out.part"))
    assert "out.part: " in pair.refused(101, *APPLY, "--resume-file", "r")
    assert set(os.listdir(pair.folder)) == before
    assert os.lstat(pair.path("out.part")).st_ino == was.st_ino


def test_a_wrong_result_is_not_gone_on_with(pair):
    """What was durable is not any more; the next run begins anew."""
    stop(pair, "2M")
    pair.write("out.part", bytes(SIZE))
    pair.refused(311, *APPLY, "--resume-file", "r")
    assert not {"out", "out.part", "r"} & set(os.listdir(pair.folder))
    pair.segue(*APPLY, "--resume-file", "r")
    assert pair.read("out") == pair.read("new")


@pytest.mark.parametrize("number,words,damage", [
    (310, ["--from", "new", "delta"], None),
    (303, ["--from", "old", "bad"], 40),
    (307, ["--from", "old", "bad"], -1),
    (101, ["--from", "old", "delta", "--resume-file", "missing/r"], None),
    (101, ["--from", "old", "delta", "--resume-file", "folder"], None),
    (101, ["--from", "old", "delta", "--resume-file", "old/r"], None),
    (312, ["--from", "old", "delta", "--resume-file", "old"], None),
    (315, ["--from", "old", "delta", "--ram-max", "1K"], None),
])
def test_what_is_refused_leaves_nothing(pair, number, words, damage):
    if damage is not None:
        bad = bytearray(pair.read("delta"))
        bad[damage] ^= 1
        pair.write("bad", bad)
    os.mkdir(pair.path("folder"))
    before = set(os.listdir(pair.folder))
    pair.refused(number, "delta", "apply", "-o", "out", "--resume-file", "r", *words)
    assert set(os.listdir(pair.folder)) == before


@pytest.mark.parametrize("option", [["--ram-max", "1"], ["--resume-file", "r"],
                                    ["--stop-after", "0", "--resume-file", "r"]])
def test_options_that_a_classic_patch_has_no_use_for(pair, option):
    pair.write("small", b"classic")
    pair.segue("delta", "create", "--from", "small", "--to", "small", "--format", "bsdiff40", "-o", "p")
    before = set(os.listdir(pair.folder))
    pair.refused(103, "delta", "apply", "--from", "small", "p", "-o", "out", *option, status=2)
    assert set(os.listdir(pair.folder)) == before


@pytest.mark.parametrize("option", [["--ram-max", "1"], ["--ram-max", "8M"], ["--threads", "1"],
                                    ["--codec", "zlib"]])
def test_options_that_make_no_classic_patch(pair, option):
    pair.refused(103, "delta", "create", "--from", "old", "--to", "new", "-o", "p", "--format",
                 "bsdiff40", *option, status=2)
    assert not os.path.exists(pair.path("p"))


@pytest.mark.parametrize("limit", ["0", "1", "335K"])
def test_less_memory_than_any_delta_may_need(pair, limit):
    pair.refused(315, "delta", "create", "--from", "old", "--to", "new", "-o", "p", "--ram-max", limit)
    assert not os.path.exists(pair.path("p"))


def test_a_classic_patch_above_two_gibibytes(pair):
    pair.write("p", b"BSDIFF40" + bytes(24))
    os.truncate(pair.path("p"), 1 << 31)
    pair.refused(314, "delta", "apply", "--from", "old", "p", "-o", "out")
