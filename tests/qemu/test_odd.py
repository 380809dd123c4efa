# SPDX-License-Identifier: Apache-2.0
"""What hv answers to accesses, instructions and registers that it does not offer, tried out by
tests/qemu/guests/odd.c: always the same, and the guest lives on."""

import pytest

from device import KEYS, Device, segue, work_file
from machine import Machine

CPUS = 2
TESTS = ["read-hole", "write-hole", "read-memory-hole", "fetch-hole", "exclusive-hole", "zero-hole",
         "read-pair", "read-writeback", "write-pair", "read-simd", "clean-hole", "set-way",
         "smc-1", "hvc-1", "implementation-defined", "el2", "pmu", "spe", "sve", "pauth", "mte",
         "ras", "debug", "auxiliary", "id-el", "id-gic", "id-ras-sve-amu", "id-mte-sme",
         "id-pmu-spe", "id-pauth", "id-zfr-smfr"]


def image():
    out = work_file("odd.img")
    segue("image", "create", "--guest", "rt", "--kernel", "build/tests/odd.bin", "--raw",
          "--version", "1.0", "--security-counter", 1, "--key", f"{KEYS}/image.pem", "-o", out)
    return out


@pytest.mark.parametrize("cpu", ["cortex-a57", "max"])
def test_what_is_not_offered_has_a_defined_answer(name, cpu):
    with Machine(Device(name, "rt", {"rt_a": image()}), CPUS, cpu=cpu) as m:
        m.wait(r"\[rt\] oddities start")
        m.wait(r"\[rt\] done", timeout=20, never=r"VM rt: stopped|PANIC")
        said = [line.split("] ", 1)[1] for line in m.seen(r"\[rt\] (ok|FAILED) ")]
        assert said == [f"ok {test}" for test in TESTS]
        assert m.status("rt")["state"] == "running"
        assert m.guest_errors() == ""
