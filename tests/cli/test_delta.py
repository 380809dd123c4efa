# SPDX-License-Identifier: Apache-2.0
import hashlib
import json
import os
import random
import struct
import subprocess
import zlib

import pytest

from conftest import SEGUE, watched


def pairs():
    data = random.Random(5).randbytes(200_000)
    return {
        "equal": (data, data),
        "empty-old": (b"", data),
        "empty-new": (data, b""),
        "both-empty": (b"", b""),
        "unrelated": (data, random.Random(6).randbytes(150_000)),
        "moved": (data, data[100_000:] + b"between" + data[:100_000]),
        "zeros": (bytes(3 << 20), bytes((3 << 20) + 1)),
    }


@pytest.mark.parametrize("name", pairs())
def test_apply_rebuilds_the_new_file(shop, name):
    old, new = pairs()[name]
    shop.write("old", old)
    shop.write("new", new)
    shop.segue("delta", "create", "--from", "old", "--to", "new", "-o", "p")
    shop.segue("delta", "apply", "--from", "old", "p", "-o", "out")
    assert shop.read("out") == new


def test_info(shop):
    said = json.loads(shop.segue("delta", "info", "--json", "good.delta"))
    assert said["from_sha256"] == hashlib.sha256(shop.read("old.img")).hexdigest()
    assert said["to_sha256"] == hashlib.sha256(shop.read("new.img")).hexdigest()
    assert said["patch_bytes"] == len(shop.read("good.delta")) == \
        sum(part["bytes"] for part in said["parts"])
    assert said["to_sha256"] in shop.segue("delta", "info", "good.delta")


def test_the_patch_does_not_depend_on_threads(shop):
    for threads in ("1", "3"):
        shop.segue("delta", "create", "--from", "old.img", "--to", "new.img", "-o", threads,
                   "--threads", threads)
    assert shop.read("1") == shop.read("3") == shop.read("good.delta")


@pytest.mark.parametrize("command,phases", [
    ("create --from old.img --to new.img -o p --threads 1",
     ["hash old", "hash new", "match", "encode", "match", "encode"]),
    ("create --from old.img --to new.img -o p --format bsdiff40",
     ["hash old", "hash new", "match", "encode"]),
    ("apply --from old.img good.delta -o p", ["hash old", "applying", "hash new"]),
])
def test_every_phase_shows_its_progress(shop, command, phases):
    """The second match and encode are those of the plain patch."""
    lines = watched(shop.folder, f"{SEGUE} delta {command}").splitlines()
    shown = [line.removeprefix("\033[K")[:18].rstrip() for line in lines if "%" in line]
    assert [p for i, p in enumerate(shown) if i == 0 or p != shown[i - 1]] == phases


def test_stop_and_resume(shop):
    shop.segue("delta", "apply", "--from", "old.img", "good.delta", "-o", "out", "--stop-after", "1",
               "--resume-file", "r")
    assert not os.path.exists(shop.path("out"))
    shop.segue("delta", "apply", "--from", "old.img", "good.delta", "-o", "out", "--resume-file", "r")
    assert shop.read("out") == shop.read("new.img")
    assert not os.path.exists(shop.path("r")) and not os.path.exists(shop.path("out.part"))


def test_a_checkpoint_of_another_delta(shop):
    shop.segue("delta", "create", "--from", "new.img", "--to", "old.img", "-o", "back")
    shop.segue("delta", "apply", "--from", "new.img", "back", "-o", "out", "--stop-after", "1",
               "--resume-file", "r")
    shop.refused(312, "delta", "apply", "--from", "old.img", "good.delta", "-o", "out",
                 "--resume-file", "r")
    shop.write("r", b"short")
    shop.refused(312, "delta", "apply", "--from", "old.img", "good.delta", "-o", "out",
                 "--resume-file", "r")


def test_memory_limit(shop):
    shop.refused(315, "delta", "apply", "--from", "old.img", "good.delta", "-o", "out", "--ram-max",
                 "1000")
    said = json.loads(shop.segue("delta", "info", "--json", "good.delta"))
    shop.segue("delta", "apply", "--from", "old.img", "good.delta", "-o", "out", "--ram-max",
               said["memory_bytes"])


@pytest.mark.parametrize("damage,number", [
    (lambda d: b"", 105),
    (lambda d: d[:100], 105),
    (lambda d: bytes(len(d)), 301),
    (lambda d: d + b"x", 318),
    (lambda d: d[:-1], 318),
])
def test_what_is_no_delta(shop, damage, number):
    shop.write("bad", damage(shop.read("good.delta")))
    shop.refused(number, "delta", "apply", "--from", "old.img", "bad", "-o", "out")
    assert not os.path.exists(shop.path("out"))


def sealed(header, at, value):
    """The header with another 32-bit number, and its checksum."""
    header = header[:at] + struct.pack("<I", value) + header[at + 4:156]
    return header + struct.pack("<I", zlib.crc32(header))


@pytest.mark.parametrize("arena", [0xFFFFFFF1, 0xFFFFFFFF, 500_001])
def test_memory_of_a_size_that_no_decoder_takes(shop, arena):
    good = shop.read("good.delta")
    shop.write("bad", sealed(good[:160], 104, arena) + good[160:])
    shop.refused(303, "delta", "apply", "--from", "old.img", "bad", "-o", "out")
    shop.refused(303, "delta", "info", "bad")


def test_info_refuses_what_apply_refuses(shop):
    """One flipped bit anywhere, by the same number."""
    good = shop.read("good.delta")
    chunk0 = struct.unpack_from("<I", good, 112)[0]
    places = random.Random(3).sample(range(len(good)), 12)
    for at in [*places, 40, 158, 165, chunk0 - 5, chunk0, len(good) - 1]:
        bad = bytearray(good)
        bad[at] ^= 4
        shop.write("bad", bad)
        said = shop.run("delta", "apply", "--from", "old.img", "bad", "-o", "out").stderr
        assert said.startswith("segue: error 3"), (at, said)
        assert shop.refused(said[13:16], "delta", "info", "bad") == said, at


def test_the_wrong_old_file(shop):
    shop.refused(310, "delta", "apply", "--from", "new.img", "good.delta", "-o", "out")
    shop.refused(310, "delta", "apply", "--from", "rt.img", "good.delta", "-o", "out")


def test_against_bsdiff_and_bspatch(shop):
    """Debian's tools are the cross-check, both ways."""
    subprocess.run(["bsdiff", "old.img", "new.img", "theirs"], cwd=shop.folder, check=True)
    shop.segue("delta", "apply", "--from", "old.img", "theirs", "-o", "out")
    assert shop.read("out") == shop.read("new.img")
    shop.segue("delta", "create", "--from", "old.img", "--to", "new.img", "--format", "bsdiff40",
               "-o", "ours")
    subprocess.run(["bspatch", "old.img", "out2", "ours"], cwd=shop.folder, check=True)
    assert shop.read("out2") == shop.read("new.img")
    shop.write("bad", shop.read("theirs")[:-20])
    shop.refused(316, "delta", "apply", "--from", "old.img", "bad", "-o", "out3")
