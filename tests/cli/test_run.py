# SPDX-License-Identifier: Apache-2.0
"""`segue-run` against a QEMU that only says what it is told to: arguments, judgement, report."""

import json
import os
import shutil
import stat
import subprocess

import pytest

from conftest import SEGUE

RUN = os.path.join(os.path.dirname(SEGUE), "segue-run")

# What a good update prints; {} of a line are filled in by the rows below.
GOOD = """\
[hv] hello
[update] event 60 agent-hello guest=rt release=rt-1.0 t=100
[update] event 80 boot guest=rt start=cold slot=0 trial=0 away_ms=900 restarts=0 t=100
[update] event 60 agent-hello guest=work release=6.1.0-55-cloud-arm64 t=200
[update] event 80 boot guest=work start=cold slot=0 trial=0 away_ms=5100 restarts=0 t=200
[update] event 60 agent-hello guest=personal release=6.1.0-55-cloud-arm64 t=300
[update] event 80 boot guest=personal start=cold slot=0 trial=0 away_ms=5300 restarts=0 t=300
[update] event 11 package-accepted guest=- package=good version=1 targets=1 bytes=2048 t=310
[update] event 25 apply-progress guest=personal done=1 total=2 t=320
[update] event 30 staged guest=personal slot=1 version=6.1.0+56 t=400
[update] event 40 trial guest=personal slot=1 t=500
[update] event 60 agent-hello guest=personal release=6.1.0-56-cloud-arm64 t=600
[update] event 80 boot guest=personal start=restart slot=1 trial=1 away_ms=4200 restarts=1 t=600
[update] event 42 confirmed guest=personal slot=1 version=6.1.0+56 t=700
"""
ROLLED_BACK = GOOD.split("[update] event 60 agent-hello guest=personal release=6.1.0-56")[0] + """\
[update] event 43 try-spent guest=personal left=0 cause=1 t=800
[update] event 44 rolled-back guest=personal slot=1 cause=1 t=800
[update] event 60 agent-hello guest=personal release=6.1.0-55-cloud-arm64 t=900
[update] event 80 boot guest=personal start=restart slot=0 trial=0 away_ms=3000 restarts=4 t=900
"""
REFUSED = GOOD.split("[update] event 11")[0] + """\
[update] event 12 package-refused guest=- error=409 text=not_enough_valid_signatures t=310
"""
MEASURED = """\
[update] event 81 exits guest=rt restarts=0 exits=5 foreign=0 t=710
[update] event 82 timer guest=rt beats=9000 lost=0 worst_us=40000 lt1ms=1 lt10ms=2 lt50ms=3 t=710
[update] event 81 exits guest=personal restarts=1 exits=5 foreign=0 t=710
[update] event 82 timer guest=personal beats=700 lost=0 worst_us=900 t=710
[update] event 81 exits guest=work restarts=0 exits=5 foreign=0 t=710
[update] event 82 timer guest=work beats=800 lost=0 worst_us=900 t=710
"""


@pytest.fixture(scope="session")
def device_files(base):
    """A disk, and NOR banks of before and after a good update."""
    slots = ["--slot", "rt_a=rt.img", "--slot", "work_a=work.img", "--slot", "personal_a=old.img"]
    base.segue("state", "create", "--vms", "system.dtb", *slots, "-o", "before.img")
    base.segue("state", "create", "--vms", "system.dtb", *slots, "--slot", "personal_b=new.img",
               "-o", "after.img")
    base.segue("disk", "create", "--vms", "system.dtb", "-o", "disk.img")


@pytest.fixture
def device(device_files, shop):
    """A folder for a QEMU that plays a part."""
    shutil.copy(shop.path("before.img"), shop.path("nor.img"))
    shop.write("hv.bin", b"hv")
    os.mkdir(shop.path("out"))
    return shop


def play(shop, transcript, changed=False, last_words="exec sleep 60", args=()):
    """Runs the scenario with a QEMU that prints the transcript and then does last_words."""
    shop.write("transcript", transcript.encode())
    os.makedirs(shop.path("fake"), exist_ok=True)
    qemu = shop.write("fake/qemu-system-aarch64", f"""#!/bin/sh
echo "$@" >arguments
{"cp after.img nor.img" if changed else ":"}
cat transcript
{last_words}
""".encode())
    os.chmod(qemu, os.stat(qemu).st_mode | stat.S_IXUSR)
    return subprocess.run(
        [RUN, "--vms", "system.dtb", "--hypervisor", "hv.bin", "--disk", "disk.img", "--nor",
         "nor.img", "--image", "new.img", "--package", "package.tar", "--folder", "out",
         "--time-limit", "20", *args],
        cwd=shop.folder, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
        env={**os.environ, "PATH": shop.path("fake") + os.pathsep + os.environ["PATH"]})


def report(shop):
    return json.loads(shop.read("out/report.json"))


def test_a_good_update(device):
    done = play(device, GOOD + MEASURED, changed=True, args=["--scenario", "good"])
    assert done.returncode == 0, done.stdout + done.stderr
    said = report(device)
    assert said["passed"] and said["outcome"] == "confirmed" and said["guest"] == "personal"
    assert said["release_before"] == "6.1.0-55-cloud-arm64"
    assert said["release_after"] == "6.1.0-56-cloud-arm64"
    assert said["image_bytes"] == len(device.read("new.img"))
    assert said["package_bytes"] == len(device.read("package.tar"))
    assert said["downtime_ms"] == 4200 and said["cold_boot_ms"] == 5300
    others = {o["name"]: o for o in said["others"]}
    assert set(others) == {"rt", "work"}
    assert others["rt"]["beats"] == 9000 and others["rt"]["beats_lost"] == 0
    assert others["rt"]["restarts"] == 0 and others["rt"]["late"]["below_50_ms"] == 3
    assert "is confirmed" in done.stdout and "away for 4200 ms" in done.stdout
    assert "agent-hello" in device.read("out/console.log").decode()


def test_a_rollback(device):
    done = play(device, ROLLED_BACK + MEASURED, args=["--scenario", "panic"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert report(device)["outcome"] == "rolled-back"
    assert report(device)["release_after"] == "6.1.0-55-cloud-arm64"


DONE = "[update] event 13 package-done guest=- package=good outcome={} error={} t=950\n"


@pytest.mark.parametrize("scenario,transcript,lost,end", [
    ("panic", ROLLED_BACK, "rolled-back", DONE.format("failed", 815)),
    ("good", GOOD, "confirmed", DONE.format("applied", 0)),
    ("wrong-base", REFUSED, "package-refused", DONE.format("failed", 802)),
], ids=["rolled-back", "confirmed", "refused"])
def test_an_outcome_whose_line_was_lost(device, scenario, transcript, lost, end):
    """On a busy host the console drops lines; the run ends all the same, before its time limit."""
    kept = [line for line in transcript.splitlines(True) if f" {lost} " not in line]
    done = play(device, "".join(kept) + MEASURED + end, changed=scenario == "good",
                args=["--scenario", scenario])
    assert done.returncode == 0, done.stdout + done.stderr
    assert report(device)["seconds"] < 10


def test_a_refusal(device):
    done = play(device, REFUSED + MEASURED, args=["--scenario", "bad-signature"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert report(device)["outcome"] == "refused" and report(device)["error"] == 409


@pytest.mark.parametrize("scenario,transcript,changed,complaint", [
    ("good", GOOD + MEASURED, False, "has not changed"),
    ("good", GOOD.replace("personal release=6.1.0-56", "personal release=6.1.0-55") + MEASURED, True,
     "runs 6.1.0-55"),
    ("good", ROLLED_BACK + MEASURED, False, "the outcome is 'rolled-back'"),
    ("good", GOOD + MEASURED.replace("guest=rt restarts=0", "guest=rt restarts=2"), True,
     "rt restarted 2 times"),
    ("good", GOOD + MEASURED.replace("beats=800 lost=0", "beats=800 lost=3"), True,
     "work lost 3 beats"),
    ("silent", ROLLED_BACK + MEASURED, False, "due was 'deadline'"),
    ("panic", ROLLED_BACK + MEASURED, True, "digest has changed"),
    ("panic", GOOD + MEASURED, True, "the outcome is 'confirmed'"),
    ("wrong-base", REFUSED + MEASURED, False, "refused with error 409, due was 802"),
])
def test_what_fails_a_scenario(device, scenario, transcript, changed, complaint):
    done = play(device, transcript, changed, args=["--scenario", scenario])
    assert done.returncode == 1, done.stdout
    assert any(complaint in c for c in report(device)["complaints"]), report(device)["complaints"]
    assert "the console's last lines" in done.stdout


def test_time_limit(device):
    done = play(device, "[hv] and nothing more\n", args=["--scenario", "good", "--time-limit", "1"])
    assert done.returncode == 1
    assert "the time is up" in done.stdout and "[hv] and nothing more" in done.stdout


def test_qemu_that_ends(device):
    done = play(device, "[hv] no GICv3: stopped\n", last_words="exit 1", args=["--scenario", "good"])
    assert done.returncode == 1
    assert "QEMU ended" in done.stdout and "no GICv3" in done.stdout


def test_guest_errors_count(device):
    done = play(device, REFUSED, args=["--scenario", "bad-signature"],
                last_words=f"echo bad >out/guest_errors.log\nprintf '%s' '{MEASURED}'\nexec sleep 60")
    assert done.returncode == 1
    assert report(device)["guest_error_lines"] == 1


def test_the_terminal_relays(device):
    done = play(device, "[personal] login:\n", last_words="exit 0",
                args=["--cpu", "max", "--memory", "3G", "--smp", "7", "--", "-rtc", "base=utc"])
    arguments = device.read("arguments").decode()
    assert "-cpu max " in arguments and "-smp 7 " in arguments and "-m 3G " in arguments
    assert arguments.endswith("-rtc base=utc\n")
    assert "if=pflash,unit=1,format=raw,file=nor.img" in arguments
    assert "Ctrl-] q" in done.stdout


def test_cpus_follow_the_system_image(device):
    play(device, GOOD + MEASURED, changed=True, args=["--scenario", "good"])
    assert "-smp 5 " in device.read("arguments").decode()


def test_a_guest_of_ones_own(device):
    done = play(device, "", last_words="exit 0",
                args=["--kernel", "old-Image", "--folder", "out", "--ramdisk", "initramfs.cpio", "--cmdline", "quiet",
                      "--key", "image.pem"])
    assert done.returncode in (0, 1)
    said = json.loads(device.segue("image", "info", "--json", "out/guest.img"))
    assert said["command_line"] == "quiet" and said["ramdisk_bytes"] == 100_000
    device.segue("image", "verify", "--vms", "out/system.dtb", "--guest", "personal", "out/guest.img")
    state = json.loads(device.segue("state", "info", "--vms", "out/system.dtb", "--json",
                                    "out/nor.img"))
    assert [g["name"] for g in state["guests"]] == ["personal"]
    assert "-smp 3 " in device.read("arguments").decode()


@pytest.mark.parametrize("args", [
    [],
    ["--disk", "d"],
    ["--disk", "d", "--nor", "n", "--scenario", "unknown", "--vms", "system.dtb"],
    ["--nothing"],
])
def test_wrong_usage(shop, args):
    done = shop.run(*args, program=RUN)
    assert done.returncode == 2
    assert done.stderr.startswith("segue-run: error 103: ")
