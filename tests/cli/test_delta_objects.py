# SPDX-License-Identifier: Apache-2.0
"""Deltas of relocatable objects as the tools make them: kernels' and boot loaders' modules."""

import json
import os
import subprocess

import pytest

GCC = "aarch64-linux-gnu-gcc"


def source(seed, version):
    """Functions that call and name each other; in the second version some came and some grew."""
    names = [i for i in range(120) if version or i % 17 != 5]
    text = ["extern int import_a(const char *), import_b(int);", "extern int table[];"]
    text += [f"int f{seed}_{i}(int);" for i in names]
    for i in names:
        other = (i * 7 + seed) % 17 % 5 + 17 * (i % 6)  # in both versions
        more = f"if (x == {i}) return import_b(x);" if version and i % 13 == 4 else ""
        text.append(f"""int f{seed}_{i}(int x) {{
            {more} static int calls; table[{i}] += calls++ * {i + seed};
            return import_a("text {seed} {i * 31}") + f{seed}_{other}(x ^ {i * 5}) * import_b({i}); }}""")
    listed = ", ".join(f"f{seed}_{i}" for i in names)
    return "\n".join([*text, f"int (*list{seed}[])(int) = {{ {listed} }};"])


def compiled(shop, seed, version):
    shop.write("m.c", source(seed, version).encode())
    subprocess.run([GCC, "-O1", "-ffreestanding", "-c", "m.c", "-o", "m.o"], cwd=shop.folder, check=True)
    return shop.read("m.o")


@pytest.fixture
def modules(shop):
    """Three modules in one file, in two versions."""
    for name, version in (("from", 0), ("to", 1)):
        shop.write(name, b"".join(b"module: " + compiled(shop, seed, version) for seed in range(3)))
    return shop


def create(shop, old, new):
    shop.segue("delta", "create", "--from", old, "--to", new, "-o", "p")
    shop.segue("delta", "apply", "--from", old, "p", "-o", "out")
    assert shop.read("out") == shop.read(new)
    parts = json.loads(shop.segue("delta", "info", "--json", "p"))["parts"]
    return len(shop.read("p")), {part["name"] for part in parts}


def test_modules(modules):
    ours, parts = create(modules, "from", "to")
    subprocess.run(["bsdiff", "from", "to", "theirs"], cwd=modules.folder, check=True)
    assert "objects" in parts
    assert ours <= 0.65 * os.path.getsize(modules.path("theirs"))


def test_other_places_and_back(modules):
    """At odd places of their file, and from the newer to the older ones."""
    ours, _ = create(modules, "from", "to")
    for name in ("from", "to"):
        modules.write(name, b"\0" * 4099 + modules.read(name))
    moved, parts = create(modules, "from", "to")
    assert "objects" in parts and moved <= 1.02 * ours + 32
    assert "objects" in create(modules, "to", "from")[1]


def test_another_machines_objects(modules):
    """What the model does not know is copied like anything else."""
    for name in ("from", "to"):
        modules.write(name, modules.read(name).replace(b"\x01\x00\xb7\x00", b"\x01\x00\x3e\x00"))
    assert "objects" not in create(modules, "from", "to")[1]
