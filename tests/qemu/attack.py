# SPDX-License-Identifier: Apache-2.0
"""What an attacker who holds the disk, or even the boot state, can do to a device that is off: changes
behind the back of everybody who checks."""

import hashlib
import json
import struct
import zlib

from device import segue

RECORD, DIGEST_0, BODY_CRC, SEALS = 256, 24, 188, (192, 224)
JOURNAL_BLOCKS, ERASE_BLOCK = 16, 256 << 10
TLV_SHA256, TLV_SIGNATURE = 0x10, 0x22


def read(path):
    with open(path, "rb") as f:
        return f.read()


class Image:
    """An image's bytes, up to its last TLV, and where things stand in them."""

    def __init__(self, path):
        data = read(path)
        self.header_size, protected, self.payload_size = struct.unpack_from("<HHI", data, 8)
        self.payload = self.header_size
        self.protected = self.payload + self.payload_size
        self.tlvs = self.protected + protected
        size, = struct.unpack_from("<H", data, self.tlvs + 2)
        self.bytes = bytearray(data[:self.tlvs + size])

    def tlv(self, kind):
        """Offset and length of an unprotected TLV's value."""
        at = self.tlvs + 4
        while at < len(self.bytes):
            found, length = struct.unpack_from("<HH", self.bytes, at)
            if found == kind:
                return at + 4, length
            at += 4 + length
        raise KeyError(kind)

    def flip(self, at, bit=1):
        self.bytes[at] ^= bit
        return self

    def rehash(self):
        """The hash TLV is made to fit: of all that was signed only the signature knows better."""
        at, length = self.tlv(TLV_SHA256)
        self.bytes[at:at + length] = hashlib.sha256(self.bytes[:self.tlvs]).digest()
        return self

    def digest(self):
        return hashlib.sha256(self.bytes).digest()


def put(device, partition, data):
    """Writes over the beginning of a partition, as nobody's tool would."""
    info = json.loads(segue("disk", "info", "--json", device.disk).stdout)
    place = next(p for p in info["partitions"] if p["name"] == partition)
    assert len(data) <= place["bytes"]
    with open(device.disk, "r+b") as f:
        f.seek(place["offset"])
        f.write(data)


def believe(device, old, new):
    """The boot state is made to hold another digest in the place of `old`, with all its sums in
    order: as if the forgery had been staged."""
    changed = 0
    with open(device.nor, "r+b") as f:
        for at in range(0, JOURNAL_BLOCKS * ERASE_BLOCK, RECORD):
            f.seek(at)
            record = bytearray(f.read(RECORD))
            if record[:4] != b"SGBS" or old not in record:
                continue
            record = bytearray(record.replace(old, new))
            crc = struct.pack("<I", zlib.crc32(record[:BODY_CRC]))
            for place in (BODY_CRC, *(seal + 4 for seal in SEALS)):
                record[place:place + 4] = crc
            f.seek(at)
            f.write(record)
            changed += 1
    assert changed, "no record holds that digest"
