# SPDX-License-Identifier: Apache-2.0
"""Deltas of Debian's kernels: 6.1 from the set-up, 6.12 where `make bench-delta` has fetched it."""

import glob
import json
import os
import random
import re
import subprocess

import pytest

from conftest import SEGUE, Workshop, watched

MODELS = {"program", "relocations", "btf", "kallsyms"}


def images(series):
    """The two newest kernels of the series that are there."""
    if series == "6.1":
        return [os.path.abspath(f"build/kernels/{v}/Image") for v in ("old", "new")]
    found = glob.glob("build/bench/packages/linux-image-6.12.*-cloud-*/root/boot/vmlinuz-*")
    found.sort(key=lambda f: [int(n) for n in re.findall(r"\d+", os.path.basename(f))])
    return [os.path.abspath(f) for f in found[-2:]]


class Kernels(Workshop):
    """Links to two kernels, and the delta between them."""

    def __init__(self, folder, series):
        super().__init__(folder)
        for name, path in zip(("old", "new"), images(series)):
            os.symlink(path, self.path(name))
        self.shown = watched(folder, f"{SEGUE} delta create --from old --to new -o delta")

    def run(self, *args, program=None):
        return subprocess.run([program or SEGUE, *map(str, args)], cwd=self.folder,
                              capture_output=True, text=True, timeout=600)

    def info(self, patch="delta"):
        return json.loads(self.segue("delta", "info", "--json", patch))

    def parts(self, patch="delta"):
        return {part["name"] for part in self.info(patch)["parts"]}


@pytest.fixture(scope="module", params=[s for s in ("6.1", "6.12") if len(images(s)) == 2])
def kernels(request, tmp_path_factory):
    return Kernels(tmp_path_factory.mktemp(request.param), request.param)


def test_every_model_takes_part(kernels):
    info = kernels.info()
    assert MODELS <= kernels.parts()
    assert info["notes"] == []
    assert info["memory_bytes"] <= 8 << 20
    kernels.segue("delta", "apply", "--from", "old", "delta", "-o", "out")
    assert kernels.read("out") == kernels.read("new")


def test_models_take_part_inside_a_signed_slot_image(kernels, shop):
    """An Image in a FIT, beside its ramdisk, in what MCUboot signs: a few bytes more than alone."""
    for counter, name in enumerate(("old", "new"), 1):
        shop.image(kernels.path(f"slot-{name}"), source=kernels.path(name), counter=counter,
                   version=f"{counter}.0", extra=["--ramdisk", "initramfs.cpio", "--cmdline",
                                                  f"console=ttyAMA0 panic={10 * counter}"])
    assert kernels.read("slot-new").find(kernels.read("new")) > 0
    kernels.segue("delta", "create", "--from", "slot-old", "--to", "slot-new", "-o", "slots")
    assert MODELS <= kernels.parts("slots")
    assert kernels.info("slots")["notes"] == []
    size, plain = (os.path.getsize(kernels.path(f)) for f in ("slots", "delta"))
    assert size <= plain + 1024, (size, plain)
    kernels.segue("delta", "apply", "--from", "slot-old", "slots", "-o", "out")
    assert kernels.read("out") == kernels.read("slot-new")


def shifted(image, lead, seed):
    """The Image at another place in a larger file, and no version in it."""
    blank = re.sub(rb"\d+\.\d+\.\d+[-+][0-9a-z+.-]+", lambda m: b"x" * len(m[0]), image)
    blank = re.sub(rb"Linux version [^\n\0]*", lambda m: b"y" * len(m[0]), blank)
    return bytes([seed]) * lead + blank + bytes([seed]) * 100


def test_every_offset_shifted_and_versions_blanked(kernels):
    """Structure alone tells where the models apply: one lead is odd, one a multiple of 4 alone."""
    kernels.write("shifted-old", shifted(kernels.read("old"), 741, 1))
    kernels.write("shifted-new", shifted(kernels.read("new"), 740, 1))
    kernels.segue("delta", "create", "--from", "shifted-old", "--to", "shifted-new", "-o", "shifted",
                  "--threads", "2")
    assert MODELS <= kernels.parts("shifted")
    assert kernels.info("shifted")["notes"] == []
    size, plain = (os.path.getsize(kernels.path(f)) for f in ("shifted", "delta"))
    assert size <= 1.02 * plain + 512, (size, plain)
    kernels.segue("delta", "apply", "--from", "shifted-old", "shifted", "-o", "out")
    assert kernels.read("out") == kernels.read("shifted-new")


def test_resumed_by_a_fresh_process_after_every_segment(kernels):
    segments = kernels.info()["segments"]
    for i in range(segments):
        kernels.segue("delta", "apply", "--from", "old", "delta", "-o", "resumed", "--stop-after",
                      (i + 1) << 20, "--resume-file", "checkpoint")
        if i + 1 < segments:
            assert os.path.getsize(kernels.path("checkpoint")) < 512
            assert not os.path.exists(kernels.path("resumed"))
    assert kernels.read("resumed") == kernels.read("new")


def test_threads_change_nothing(kernels):
    said = kernels.segue("delta", "create", "--from", "old", "--to", "new", "-o", "seven",
                         "--threads", "7")
    assert said == ""
    assert kernels.read("seven") == kernels.read("delta")


def test_less_memory_gives_up_models(kernels):
    kernels.segue("delta", "create", "--from", "old", "--to", "new", "-o", "small", "--ram-max", "2M")
    info = kernels.info("small")
    assert info["memory_bytes"] <= 2 << 20
    assert info["notes"] != []
    assert any(note in kernels.segue("delta", "info", "small") for note in info["notes"])
    kernels.segue("delta", "apply", "--from", "old", "small", "-o", "out", "--ram-max", "2M")
    assert kernels.read("out") == kernels.read("new")


def test_flipped_bits(kernels):
    """Wherever it stands, it is noticed; the header's place in the error is told by its number."""
    good = kernels.read("delta")
    places = random.Random(3).sample(range(8 * len(good)), 24) + [8 * 15, 8 * 40, 8 * 158]
    for bit in places:
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        kernels.write("bad", bytes(bad))
        done = kernels.run("delta", "apply", "--from", "old", "bad", "-o", "damaged")
        assert done.returncode == 1 and re.match(r"segue: error 3\d\d: ", done.stderr), (bit, done)
        assert not os.path.exists(kernels.path("damaged"))


def test_bspatch_takes_a_kernels_patch(kernels):
    kernels.segue("delta", "create", "--from", "old", "--to", "new", "--format", "bsdiff40", "-o", "p")
    subprocess.run(["bspatch", "old", "theirs", "p"], cwd=kernels.folder, check=True)
    assert kernels.read("theirs") == kernels.read("new")


def test_progress_on_a_terminal(kernels):
    assert re.search(r"(match|encode) +\[=+ *\] +\d+ % +\d+\.\d MB/s +\d+ s left", kernels.shown), \
        kernels.shown[-2000:]
