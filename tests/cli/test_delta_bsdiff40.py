# SPDX-License-Identifier: Apache-2.0
"""bsdiff's own format, both ways, against the tools that Debian ships."""

import bz2
import os
import random
import struct
import subprocess

import pytest

NOISE = random.Random(8).randbytes(1 << 20)
PAIRS = {
    "empty": (b"", b""),
    "from-empty": (b"", b"abc"),
    "to-empty": (b"abc", b""),
    "one-byte": (b"a", b"b"),
    "same-byte": (b"a", b"a"),
    "one-mebibyte": (NOISE, NOISE[1000:] + b"more" + NOISE[:500]),
    "equal": (NOISE, NOISE),
    "unrelated": (NOISE[:50_000], bytes(70_000)),
}


def put(shop, old, new):
    shop.write("old", old)
    shop.write("new", new)


@pytest.mark.parametrize("name", PAIRS)
def test_bspatch_takes_ours(shop, name):
    put(shop, *PAIRS[name])
    shop.segue("delta", "create", "--from", "old", "--to", "new", "--format", "bsdiff40", "-o", "p")
    subprocess.run(["bspatch", "old", "out", "p"], cwd=shop.folder, check=True)
    assert shop.read("out") == PAIRS[name][1]


@pytest.mark.parametrize("name", [n for n in PAIRS if all(PAIRS[n])])  # bsdiff takes no empty file
def test_ours_takes_bsdiffs(shop, name):
    put(shop, *PAIRS[name])
    subprocess.run(["bsdiff", "old", "new", "p"], cwd=shop.folder, check=True)
    shop.segue("delta", "apply", "--from", "old", "p", "-o", "out")
    assert shop.read("out") == PAIRS[name][1]


@pytest.mark.parametrize("old,new", [
    ("build/bin/segue", "build/bin/segue-run"),
    ("build/images/rt-v1_0.bin", "build/images/rt-v1_1.bin"),
])
def test_real_files(shop, old, new):
    old, new = (os.path.abspath(f) for f in (old, new))
    shop.segue("delta", "create", "--from", old, "--to", new, "--format", "bsdiff40", "-o", "p")
    subprocess.run(["bspatch", old, "out", "p"], cwd=shop.folder, check=True)
    with open(new, "rb") as f:
        data = f.read()
    assert shop.read("out") == data
    shop.segue("delta", "apply", "--from", old, "p", "-o", "ours")
    assert shop.read("ours") == data


def twice_idle():
    """The first match is given up for one that bsdiff finds later: two triples that make nothing."""
    r = random.Random(0)
    new = r.randbytes(700)
    first, second = bytearray(new[:46]), bytearray(new)
    for i in r.sample(range(16), 6):
        first[i] ^= 0x55
    for i in range(7, 46, 8):
        second[i] ^= 0x55
    return r.randbytes(300) + first + r.randbytes(354) + second, new


def control(patch):
    size, = struct.unpack_from("<Q", patch, 8)
    return list(struct.iter_unpack("<QQQ", bz2.decompress(patch[32:32 + size])))


def test_ours_takes_triples_that_make_nothing(shop):
    put(shop, *twice_idle())
    subprocess.run(["bsdiff", "old", "new", "p"], cwd=shop.folder, check=True)
    assert [t[:2] for t in control(shop.read("p"))[:2]] == [(0, 0)] * 2
    subprocess.run(["bspatch", "old", "theirs", "p"], cwd=shop.folder, check=True)
    shop.segue("delta", "apply", "--from", "old", "p", "-o", "out")
    assert shop.read("out") == shop.read("theirs") == shop.read("new")


def number(v):
    return struct.pack("<Q", abs(v) | (1 << 63 if v < 0 else 0))


def crafted(triples, size, difference, extra=b""):
    parts = [bz2.compress(part) for part in
             (b"".join(number(n) for t in triples for n in t), difference, extra)]
    return (b"BSDIFF40" + number(len(parts[0])) + number(len(parts[1])) + number(size)
            + b"".join(parts))


@pytest.mark.parametrize("patch,number", [
    (crafted([(16, 0, -100_000_000), (16, 0, 0)], 32, bytes(32)), 316),
    (crafted([(16, 0, -32), (16, 0, 0)], 32, bytes(32)), 316),
    (crafted([(16, 0, 0), (16, 0, 0)], 32, bytes(32)) + b"garbage", 316),
    (crafted([(16, 0, 0), (16, 0, 0)], 31, bytes(32)), 316),
    (crafted([(16, 0, 0), (16, 0, 0)], 64, bytes(32)), 316),
    (crafted([(16, 0, 0), (16, 0, 0)], 1 << 40, bytes(32)), 314),
    (crafted([(16, 0, 0), (16, 0, 0)], 32, bytes(33)), 316),
    (crafted([(16, 0, 0), (16, 0, 0)], 32, bytes(31)), 316),
    (crafted([(16, 0, 0), (16, 0, 0)], 32, bytes(32))[:-1], 316),
    (crafted([(0, 0, 0)] * 5, 32, bytes(32)), 316),
    (crafted([(0, 0, 0)] * 40 + [(32, 0, 0)], 32, bytes(32)), 316),
    (b"BSDIFF40" + bytes(10), 105),
])
def test_damaged_ones_are_refused(shop, patch, number):
    """Of these Debian's bspatch crashes on the first, reads before its buffer on the second,
    and takes the third."""
    shop.write("old", bytes(range(64)))
    shop.write("p", patch)
    shop.refused(number, "delta", "apply", "--from", "old", "p", "-o", "out")
    assert not os.path.exists(shop.path("out"))
