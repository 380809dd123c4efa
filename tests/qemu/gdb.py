# SPDX-License-Identifier: Apache-2.0
"""The little of GDB's remote protocol that a fault attack needs, spoken with QEMU's stub: all cores
stand still between resume() and the stop that it returns."""

import socket
import struct
import time

SP, PC, CPSR, REGISTERS = 31, 32, 33, 33 # x0..x30 before them
VECTORS = range(34, 66) # v0..v31, one by one
SIGTRAP = "T05"
FORMAT = f"<{REGISTERS}QI"


class Gdb:
    def __init__(self, path, timeout=20):
        self._socket = socket.socket(socket.AF_UNIX)
        self._data = b""
        self._thread = None
        end = time.monotonic() + timeout
        while True:
            try:
                self._socket.connect(path)
                break
            except OSError:
                assert time.monotonic() < end, f"no gdb stub at {path}"
                time.sleep(0.05)
        self._ask("QStartNoAckMode", acknowledge=True)
        # Only who asked for the description of the registers is given them one by one.
        self._ask("qXfer:features:read:target.xml:0,ffb")

    def _send(self, text):
        self._socket.sendall(f"${text}#{sum(text.encode()) & 0xff:02x}".encode())

    def _receive(self, timeout):
        """One packet; None when none came in time."""
        end = time.monotonic() + timeout
        while True:
            start = self._data.find(b"$")
            stop = self._data.find(b"#", start)
            if start >= 0 and 0 <= stop <= len(self._data) - 3:
                packet, self._data = self._data[start + 1:stop], self._data[stop + 3:]
                return packet.decode()
            left = end - time.monotonic()
            if left <= 0:
                return None
            self._socket.settimeout(left)
            try:
                more = self._socket.recv(65536)
            except socket.timeout:
                return None
            assert more, "QEMU closed its gdb stub"
            self._data += more

    def _ask(self, text, acknowledge=False):
        self._send(text)
        answer = self._receive(20)
        if acknowledge:
            self._socket.sendall(b"+")
        assert answer is not None and not answer.startswith("E"), f"{text}: {answer}"
        return answer

    def break_at(self, address):
        self._ask(f"Z0,{address:x},4")

    def forget(self, address):
        self._ask(f"z0,{address:x},4")

    def _stopped(self, reply):
        """Speaks with the core that stopped from now on."""
        self._thread = dict(f.split(":") for f in reply[3:].split(";") if ":" in f)["thread"]
        self._choose()

    def _choose(self):
        self._ask(f"Hg{self._thread}")
        self._ask(f"Hc{self._thread}")

    def resume(self, timeout):
        """Runs until a breakpoint: True; False: stopped because the time was up. Then the core is
        the one that stopped before."""
        self._send("c")
        reply = self._receive(timeout)
        if reply is not None:
            self._stopped(reply)
            return True
        self._socket.sendall(b"\x03")
        reply = self._receive(20)
        assert reply, "QEMU does not stop"
        if reply.startswith(SIGTRAP): # the breakpoint was faster
            self._stopped(reply)
            return True
        self._choose()
        return False

    def step(self):
        self._send("s")
        reply = self._receive(20)
        assert reply, "a step does not end"
        self._stopped(reply)

    def registers(self):
        """x0..x30, sp, pc, cpsr of the core that stopped."""
        return list(struct.unpack(FORMAT, bytes.fromhex(self._ask("g"))[:struct.calcsize(FORMAT)]))

    def set_registers(self, values):
        self._ask("G" + struct.pack(FORMAT, *values).hex())

    def vectors(self):
        values = [self._ask(f"p{n:x}") for n in VECTORS]
        assert all(len(v) == 32 for v in values), values # 128 bits each
        return values

    def set_vectors(self, values):
        for n, value in zip(VECTORS, values):
            self._ask(f"P{n:x}={value}")

    def leave(self):
        """The machine runs on without us."""
        self._ask("D")
        self._socket.close()
