# SPDX-License-Identifier: Apache-2.0
"""A QEMU machine that runs Segue, driven through its one serial line.

The hypervisor's multiplexer prints whole lines as `[name] text`; the update partition's lines
`event <number> <name> key=value ...` are what most tests wait for (docs/events.md)."""

import os
import re
import subprocess
import threading
import time
import warnings

TAIL = 60
QUIET = 2 # of the host: its load average
CONSOLE_KEY = "\x1d"

# A timer of QEMU's own, every millisecond. QEMU 7.2 writes a pflash bank from the thread of the core
# that does so, and when that thread clears the main loop's event meanwhile, timers set just then
# are not seen until the loop's next turn: all cores stood still for up to 15 s.
PULSE = ("-netdev", "hubport,id=pulse-peer,hubid=0",
         "-netdev", "hubport,id=pulse,hubid=1,netdev=pulse-peer",
         "-object", "filter-buffer,id=pulse-timer,netdev=pulse,queue=rx,interval=1000")


def event_pattern(name, guest=None, fields=None):
    """Matches the update partition's line of such an event."""
    wanted = "".join(rf"(?=.* {field}={re.escape(str(value))}(?: |$))"
                     for field, value in (fields or {}).items())
    return rf"\[update\] event \d+ {name} (?=guest={guest or ''}){wanted}"


class Machine:
    """One power-on of a device. Use as a context manager: leaving it is a power cut."""

    def __init__(self, device, cpus, memory="2G", cpu="cortex-a57", kernel="build/hv/hv.bin",
                 extra=(), drives=None):
        """drives: instead of plain ones on the device's files."""
        self.lines = []
        self.errors = os.path.join(device.folder, "guest_errors.log")
        self._cursor = 0
        self._news = threading.Condition()
        command = [
            "qemu-system-aarch64", "-M", "virt,virtualization=on,gic-version=3,iommu=smmuv3",
            "-cpu", cpu, "-smp", str(cpus), "-m", memory, "-nodefaults", "-display", "none",
            "-serial", "stdio", "-kernel", kernel, "-initrd", device.system,
            "-d", "guest_errors", "-D", self.errors,
            *(drives or self._plain_drives(device)),
            "-device", "virtio-blk-pci,drive=disk,iommu_platform=on,disable-legacy=on",
            *PULSE, *extra,
        ]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.STDOUT)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @staticmethod
    def _plain_drives(device):
        return ["-drive", f"if=pflash,unit=1,format=raw,file={device.nor}",
                "-drive", f"if=none,id=disk,format=raw,cache=writeback,file={device.disk}"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.cut()

    def cut(self):
        """Power off at once: kill -9, as a battery that is pulled."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join()

    def _read(self):
        for raw in self._process.stdout:
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            with self._news:
                self.lines.append(line)
                self._news.notify_all()
        with self._news:
            self.lines.append("(QEMU ended)")
            self._news.notify_all()

    def memory_file(self):
        """RAM that a test gave as a memory-backend-memfd, as a file."""
        folder = f"/proc/{self._process.pid}/fd"
        return next(path for path in (os.path.join(folder, fd) for fd in os.listdir(folder))
                    if "memfd:memory-backend" in os.readlink(path))

    def type(self, text):
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    def tail(self):
        return "\n".join(self.lines[-TAIL:])

    def wait(self, pattern, timeout=60, never=None):
        """The match of the next line (after the last one waited for) that the pattern finds.
        `never`: a pattern that ends the test when it is seen before."""
        wanted, refused = re.compile(pattern), never and re.compile(never)
        end = time.monotonic() + timeout
        with self._news:
            while True:
                while self._cursor < len(self.lines):
                    line = self.lines[self._cursor]
                    self._cursor += 1
                    found = wanted.search(line)
                    if found:
                        return found
                    assert not (refused and refused.search(line)), \
                        f"saw {line!r} while waiting for {pattern!r}\n{self.tail()}"
                    assert line != "(QEMU ended)", \
                        f"QEMU ended while waiting for {pattern!r}\n{self.tail()}"
                left = end - time.monotonic()
                assert left > 0, f"no {pattern!r} within {timeout} s\n{self.tail()}"
                self._news.wait(left)

    def wait_lines(self, count, timeout=60, quiet=3.0):
        """Until so many lines were printed, or no more for `quiet` seconds: all is said."""
        end = time.monotonic() + timeout
        with self._news:
            while len(self.lines) < count and time.monotonic() < end:
                assert "(QEMU ended)" not in self.lines, f"QEMU ended\n{self.tail()}"
                if not self._news.wait(quiet) and self.lines:
                    return

    def event(self, name, guest=None, timeout=60, never=None, **fields):
        """Waits for an event of the update partition; returns its fields."""
        pattern = event_pattern(name, guest, fields)
        return dict(re.findall(r"(\S+)=(\S+)", self.wait(pattern, timeout, never).string))

    def events(self, *wanted, timeout=60, never=None):
        """Waits for several events, (name, guest, fields) each, in whatever order they come."""
        self.wait_all(*(event_pattern(*w) for w in wanted), timeout=timeout, never=never)

    def wait_all(self, *patterns, timeout=60, never=None):
        """Waits for a line of each pattern, in whatever order they come: lines of one name keep their
        order, those of different names have none (hv/vdev/console.c gives them turns)."""
        end = time.monotonic() + timeout
        while patterns:
            line = self.wait("|".join(patterns), max(0.1, end - time.monotonic()), never).string
            patterns = [p for p in patterns if not re.search(p, line)]

    def status(self, guest):
        """What the console key `i` says of a VM (docs/console.md)."""
        self.type(CONSOLE_KEY + "i")
        found = self.wait(rf"\[hv\] VM {guest}: (?P<state>\w+), slot (?P<slot>.), "
                          r"restarts (?P<restarts>\d+), last stop (?P<cause>[\w ]+), "
                          r"exits (?P<exits>\d+), beats (?P<beats>\d+), lost (?P<lost>\d+), ")
        return found.groupdict()

    def goes_on(self, guest, beats=1, timeout=60):
        """The guest takes that many beats more."""
        end = time.monotonic() + timeout
        first = now = int(self.status(guest)["beats"])
        while now < first + beats:
            assert time.monotonic() < end, \
                f"{guest}: {now - first} of {beats} beats within {timeout} s\n{self.tail()}"
            now = int(self.status(guest)["beats"])

    def loses_no_beat(self, guest):
        """On a busy host QEMU's own cores come late; then nothing can be said about beats."""
        load = os.getloadavg()[0]
        if load > QUIET:
            warnings.warn(f"{guest}: lost beats not judged: the load average is {load:.1f}")
            return
        lost = self.status(guest)["lost"]
        assert lost == "0", f"{guest} lost {lost} beats\n{self.tail()}"

    def undisturbed(self, guest):
        """The guest runs since its one start, and lost no beat."""
        status = self.status(guest)
        assert (status["state"], status["restarts"]) == ("running", "0"), self.tail()
        self.loses_no_beat(guest)

    def leaves_alone(self, guest):
        """No core of the guest's was left for others during an update: event 81 tells how often at
        its begin and at its end."""
        exits = [int(re.search(r" foreign=(\d+)", line)[1])
                 for line in self.seen(rf"event 81 exits guest={guest} ")]
        assert len(exits) >= 2 and exits[0] == exits[-1], f"{guest}: foreign exits {exits}"

    def memory(self):
        """What of hv's own memory is in use: bytes ever taken, pages in use now."""
        self.type(CONSOLE_KEY + "i")
        found = self.wait(r"\[hv\] memory: (\d+) of \d+ bytes taken, (\d+) pages in use")
        return tuple(int(n) for n in found.groups())

    def seen(self, pattern):
        """All lines so far that the pattern finds."""
        return [line for line in list(self.lines) if re.search(pattern, line)]

    def guest_errors(self):
        """What QEMU says that software did wrong; must stay empty."""
        with open(self.errors, encoding="utf-8", errors="replace") as f:
            return f.read()
