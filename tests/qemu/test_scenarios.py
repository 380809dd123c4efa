# SPDX-License-Identifier: Apache-2.0
"""What a newcomer types: `make run`, with and without a fault. Four VMs, real kernels."""

import json
import subprocess

import pytest

from device import digest, release, segue


def run(scenario):
    done = subprocess.run(["make", "-s", "run", f"SCENARIO={scenario}"], capture_output=True,
                          text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    with open("build/run/report.json", encoding="utf-8") as f:
        return json.load(f)


def test_the_good_update():
    report = run("good")
    assert report["guest"] == "personal"
    assert report["release_before"] == release("old")
    assert report["release_after"] == release("new")
    assert report["outcome"] == "confirmed"
    assert 0 < report["package_bytes"] < report["image_bytes"] / 20
    assert 0 < report["downtime_ms"] < report["cold_boot_ms"] * 3
    assert {o["name"] for o in report["others"]} == {"rt", "work"}
    for other in report["others"]:
        assert other["restarts"] == 0
        assert other["beats"] > 100
        assert other["beats_lost"] == 0
        assert other["foreign_exits"] == 0
    assert report["guest_error_lines"] == 0


@pytest.mark.parametrize("scenario", ["panic", "bad-signature", "wrong-base", "downgrade"])
def test_a_fault_ends_as_it_should(scenario):
    report = run(scenario)
    assert report["release_after"] == report["release_before"] == release("old")
    assert report["outcome"] == ("rolled-back" if scenario == "panic" else "refused")
    assert all(o["restarts"] == 0 for o in report["others"])
    info = json.loads(segue("state", "info", "--json", "build/run/nor.img").stdout)
    slots = next(g for g in info["guests"] if g["name"] == "personal")["slots"]
    assert [s["digest"] for s in slots if s["active"]] == [digest("build/run/personal-old.img")]


@pytest.mark.soak
@pytest.mark.parametrize("scenario", ["hang", "silent"])
def test_a_deadline_that_passes(scenario):
    assert run(scenario)["outcome"] == "rolled-back"
