# SPDX-License-Identifier: Apache-2.0
"""What QEMU wrote to the disk and to the NOR bank, write by write and in order: the logs of its driver
`blklogwrites` (Linux' dm-log-writes, version 1), and its trace for the order among the two."""

import os
import re
import shutil
import struct
from collections import namedtuple

MAGIC = 0x6A736677736872
FLUSH, DISCARD = 1, 4
SECTOR = 512

Write = namedtuple("Write", "device offset data") # data empty: a flush


def read_log(device, path):
    """The log of one device."""
    with open(path, "rb") as f:
        magic, version, count, sector = struct.unpack("<QQQI", f.read(28))
        assert (magic, version) == (MAGIC, 1), path
        f.seek(sector)
        writes = []
        for _ in range(count):
            at, sectors, flags, _ = struct.unpack("<QQQQ", f.read(sector)[:32])
            assert not flags & DISCARD
            data = f.read(sectors * sector)
            assert bool(data) != bool(flags & FLUSH)
            writes.append(Write(device, at * sector, data))
        return writes


def is_prefix(short, long):
    return long[:len(short)] == short and len(long) - len(short) <= 1


class Recorder:
    """The drives of a machine that logs what is written to them."""

    def __init__(self, device):
        self.device = device
        self.files = {"nor": device.nor, "disk": device.disk}
        self.order = os.path.join(device.folder, "order")
        for name, path in self.files.items():
            shutil.copy(path, self._of(name, "before"))
            with open(self._of(name, "log"), "wb"):
                pass

    def _of(self, name, what):
        return os.path.join(self.device.folder, f"{name}.{what}")

    def drives(self):
        """For Machine; the trace goes where QEMU's log goes."""
        blocks = [word for name, path in self.files.items()
                  for word in ("-blockdev", f"driver=blklogwrites,node-name={name},file.driver=file,"
                               f"file.filename={path},log.driver=file,"
                               f"log.filename={self._of(name, 'log')},log-super-update-interval=1")]
        return ["-M", "pflash1=nor", *blocks, "-trace", "blk_co_pwritev"]

    def writes(self, trace):
        """All of both devices in order; `trace`: the lines of QEMU's log, which may tell of a last
        write that was not done."""
        logs = {name: read_log(name, self._of(name, "log")) for name in self.files}
        seen = re.findall(r"^blk_co_pwritev blk (\w+) bs \w+ offset (\d+) bytes (\d+) ", trace, re.M)
        backends = {blk: [(int(o), int(n)) for b, o, n in seen if b == blk] for blk, _, _ in seen}
        names = {blk: name for blk, wrote in backends.items() for name, log in logs.items()
                 if is_prefix([(w.offset, len(w.data)) for w in log if w.data], wrote)}
        assert sorted(names.values()) == sorted(logs), (backends, names)
        merged = []
        for blk, _, _ in seen:
            log = logs[names[blk]]
            while log and not log[0].data:
                merged.append(log.pop(0))
            merged += [log.pop(0)] if log else []
        return merged + logs["disk"] + logs["nor"]

    def rewind(self):
        for name, path in self.files.items():
            shutil.copy(self._of(name, "before"), path)

    def repeat(self, write):
        with open(self.files[write.device], "r+b") as f:
            f.seek(write.offset)
            f.write(write.data)
