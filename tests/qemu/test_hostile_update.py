# SPDX-License-Identifier: Apache-2.0
"""What a hostile update partition gets (tests/qemu/guests/hostile.c): its error or a fault, row by row;
hv, the boot state and the bystander are as before."""

import pytest

from attack import Image, put
from device import Device, rt_image
from machine import Machine

CPUS = 3
CALLS = ["no-guest", "no-slot", "vm-info-of-nobody", "vm-info-wide", "counter-of-nobody",
         "counter-past-the-last", "counter-wide", "load-of-a-running-guest", "end-without-a-load",
         "end-of-nothing", "end-beyond-the-slot", "end-wide", "abort-without-a-load",
         "stage-the-active-slot", "stage-what-is-not-open", "stage-a-downgrade",
         "stage-a-counter-of-33-bits", "open-the-active-slot", "open-the-bystanders-active-slot",
         "open-for-a-downgrade", "open-for-counter-0", "open-for-a-counter-of-33-bits",
         "unstage-what-is-not-staged", "unstage-the-active-slot", "refill-the-active-slot",
         "report-nothing", "write-no-bytes", "write-41-bytes", "write-2-to-the-64-bytes",
         "confirm-itself", "confirm-what-is-confirmed", "confirm-the-bystander",
         "report-as-bootfw", "restart-itself", "no-such-call", "no-such-call-at-all"]
MEMORY = ["touch-flash-0", "touch-the-nor-bank", "touch-the-smmu", "touch-fw-cfg", "touch-gpio",
          "touch-hv", "touch-what-is-below", "touch-what-is-above"]
HANDOVER = ["restart", "out-of-turn-while-it-is-lent", "touch-while-it-is-verified",
            "out-of-turn-while-it-is-verified", "dma-across-the-hand-over", "dma-was-stopped",
            "touch-while-it-runs"]
FORGERIES = ["open-for-a-downgrade-by-its-name", "load-another-image-than-staged",
             "stage-unsigned-bytes", "stage-a-changed-payload", "stage-a-changed-signature",
             "stage-what-is-half-written", "stage-another-guests-image",
             "stage-a-downgrade-as-if-it-were-none", "stage-again-what-was-refused"]
TRIAL = ["trial", "guess-the-token", "change-slots-on-trial", "anothers-token", "a-try-is-spent",
         "replay-an-old-token", "confirm-with-the-token", "confirm-twice"]
ROWS = CALLS + MEMORY + HANDOVER + FORGERIES + TRIAL
TROUBLE = r"\[update\] (FAILED|fault)|PANIC"


@pytest.mark.parametrize("cpu", ["cortex-a57", "max"])
def test_a_hostile_update_partition(name, cpu):
    active = rt_image("v1_0", "1.0", 5)
    higher = rt_image("v1_1", "1.1", 7)
    device = Device(name, "hostile", {"rt_a": active,
                                      "personal_a": rt_image("v1_0", "1.0", 5, guest="personal")})
    put(device, "rt_b", Image(rt_image("v1_2", "1.2", 4)).bytes)
    put(device, "inbox", Image(higher).bytes)
    bystander = device.state("personal")
    with Machine(device, CPUS, cpu=cpu) as m:
        m.wait(r"\[update\] hostile update starts")
        m.wait(r"\[update\] done", timeout=120, never=TROUBLE)
        said = [line.split("] ", 1)[1] for line in m.seen(r"\[update\] (ok|FAILED) ")]
        assert said == [f"ok {row}" for row in ROWS]
        assert m.status("update")["restarts"] == "0"
        assert m.status("rt")["state"] == "running"
        other = m.status("personal")
        assert (other["state"], other["restarts"]) == ("running", "0")
        m.loses_no_beat("personal")
        m.goes_on("personal")
        # QEMU tells of each page that the disk was kept from, and of nothing else.
        assert all("SMMU_EVT_F_TRANSLATION" in line for line in m.guest_errors().splitlines())
    assert device.state("personal") == bystander
    after = device.state("rt")
    assert after["outcome"] == "confirmed"
    assert after["slots"][1]["digest"] == Image(higher).digest().hex()
    assert after["slots"][1]["active"]
