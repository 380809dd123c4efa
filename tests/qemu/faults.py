# SPDX-License-Identifier: Apache-2.0
"""A fault attack on bootfw: at each instruction of its decision, once, the instruction is skipped, and
bootfw goes on from there until it says to hv what it found.

bootfw is walked through one instruction at a time. At each its whole VM (registers and RAM) is kept,
the skip tried, and the VM put back, so that each skip starts from the true state, and no more than one
instruction is ever missing. hv and the other VMs stand still while bootfw does."""

import bisect
import dataclasses
import mmap
import random
import subprocess
import time

from gdb import CPSR, PC, Gdb

PREFIX = "aarch64-linux-gnu-"
ELF = "build/bootflow/bootfw.elf"
REGION = 2 << 20 # BOOTFW_REGION_SIZE
RAM_BASE, MACHINE_RAM = 0x40000000, 0x40000000
LR = 30
EL1 = 1
HANG = 20 # so many times longer than an undisturbed run
LEAVES_HV = 20 # seconds; hv's own work takes a few microseconds

# Where the decision is made: our own functions, and of Mbed TLS the way that its verdict takes back.
# What computes it (hashes, points, big numbers) is passed over, and skipped in at random.
DECIDES = """
bootfw_main verify prepare check_info refuse report get_le64 place_payload place_fit bf_place_raw
bf_image_verify bf_image_read_layout read_info read_memory parse_header read_layout read_and_hash
judge find_tlvs walk_tlvs take_tlv choose_key check_signature is_p256 check_id take_claims combine
mbedtls_pk_verify mbedtls_pk_parse_public_key mbedtls_pk_get_type ecdsa_verify_wrap ecdsa_can_do
mbedtls_ecp_keypair_get_group_id mbedtls_ecdsa_read_signature
mbedtls_ecdsa_read_signature_restartable mbedtls_ecdsa_verify_restartable mbedtls_mpi_cmp_mpi
mbedtls_mpi_cmp_int mbedtls_asn1_get_tag mbedtls_asn1_get_len mbedtls_asn1_get_mpi memcmp memcpy memset
""".split()


def symbols():
    """name: (first address, size), from address 0."""
    out = subprocess.run([PREFIX + "nm", "-S", ELF], capture_output=True, text=True, check=True)
    rows = [line.split() for line in out.stdout.splitlines()]
    return {r[3]: (int(r[0], 16), int(r[1], 16)) for r in rows if len(r) == 4}


def address_of(name):
    out = subprocess.run([PREFIX + "nm", ELF], capture_output=True, text=True, check=True)
    return next(int(r[0], 16) for r in map(str.split, out.stdout.splitlines()) if r[-1] == name)


def calls_to_hv():
    """Where bootfw executes `hvc`: the report, and the one of an exception."""
    out = subprocess.run([PREFIX + "objdump", "-d", ELF], capture_output=True, text=True, check=True)
    return [int(line.split(":")[0], 16) for line in out.stdout.splitlines() if "\thvc\t" in line]


@dataclasses.dataclass
class Result:
    walked: int = 0  # instructions of the decision
    tried: int = 0   # skips
    refused: int = 0
    silent: int = 0  # it hung or parked itself: no report, no start
    started: list = dataclasses.field(default_factory=list) # (function, offset) of each


class Walk:
    """bootfw at its first instruction of bf_image_verify; the machine was started with -S."""

    def __init__(self, gdb_path, machine, digest):
        self._gdb = Gdb(gdb_path)
        self._machine = machine
        self._digest = digest
        self._functions = symbols()
        self._starts = sorted((a, a + size, name) for name, (a, size) in self._functions.items()
                              if size and name in DECIDES)
        self._base = None
        self._begin()

    def _begin(self):
        # rt's RAM is 32 MiB at 0x40000000 of its own addresses; bootfw has the last 2 MiB.
        size = 32 << 20
        self._base = RAM_BASE + size - REGION
        entry = self._base + self._functions["bf_image_verify"][0]
        self._gdb.break_at(entry)
        assert self._gdb.resume(60), self._machine.tail()
        self._gdb.forget(entry)
        found = next(line for line in self._machine.lines if "VM rt: 32 MiB at " in line)
        place = int(found.split(" at ")[1].split(",")[0], 16) - MACHINE_RAM
        with open(self._machine.memory_file(), "r+b") as f:
            whole = mmap.mmap(f.fileno(), 0)
        self._ram = memoryview(whole)[place:place + size]
        self._reports = [self._base + a for a in calls_to_hv()]
        self._parked = self._base + address_of("bootfw_park")
        self._enters = self._base + address_of("bootfw_enter")
        for address in (*self._reports, self._parked, self._enters):
            self._gdb.break_at(address)
        kept, since = self._keep(), time.monotonic()
        assert self._gdb.resume(60), "bootfw does not report"
        self._limit = HANG * (time.monotonic() - since)
        self._put_back(kept)

    def function(self, pc):
        """(name, offset) of an address in the decision, or None."""
        at = pc - self._base
        i = bisect.bisect_right(self._starts, (at, 1 << 64, "")) - 1
        if i < 0 or not self._starts[i][0] <= at < self._starts[i][1]:
            return None
        return self._starts[i][2], at - self._starts[i][0]

    def _says_start(self, registers):
        """Would hv start the image by what bootfw says? The boot state holds its digest."""
        if registers[PC] == self._enters:
            return True
        digest = b"".join(r.to_bytes(8, "little") for r in registers[4:8])
        return registers[1] == 0 and digest == self._digest

    def _keep(self):
        return self._gdb.registers(), self._gdb.vectors(), bytes(self._ram)

    def _put_back(self, kept):
        self._ram[:] = kept[2]
        self._gdb.set_vectors(kept[1])
        self._gdb.set_registers(kept[0])

    def _run(self, seconds):
        """Until a breakpoint: True. When the time is up the core is not in the middle of hv, whose
        state is not put back."""
        hit, end = self._gdb.resume(seconds), time.monotonic() + seconds + LEAVES_HV
        while not hit and self._gdb.registers()[CPSR] >> 2 & 3 != EL1:
            assert time.monotonic() < end, f"hv took the core away:\n{self._machine.tail()}"
            hit = self._gdb.resume(0.001)
        return hit

    def _skip(self, result):
        """Skips the next instruction and sees what comes of it."""
        registers = self._gdb.registers()
        at = registers[PC]
        registers[PC] += 4
        self._gdb.set_registers(registers)
        result.tried += 1
        ends = (*self._reports, self._parked, self._enters)
        ended = registers[PC] in ends or self._run(self._limit)
        registers = self._gdb.registers()
        if not ended or registers[PC] == self._parked:
            result.silent += 1
        elif self._says_start(registers):
            result.started.append(self.function(at) or hex(at - self._base))
        else:
            result.refused += 1

    def run(self, chosen):
        """The whole decision; chosen(n): is the n-th of its instructions to be skipped?"""
        result = Result()
        while True:
            registers = self._gdb.registers()
            if self.function(registers[PC]) is None:
                self._step_over(registers[LR])
                continue
            if chosen(result.walked):
                kept = self._keep()
                self._skip(result)
                self._put_back(kept)
            result.walked += 1
            if registers[PC] in self._reports:
                return result, self._says_start(registers)
            self._gdb.step()

    def at_random(self, count, seed):
        """Skips at as many random instants of an undisturbed run."""
        result, chance, kept = Result(), random.Random(seed), self._keep()
        while result.tried < count:
            ended = self._run(chance.uniform(0, self._limit / HANG))
            at = self._gdb.registers()[PC] - self._base
            if not ended and 0 <= at < REGION:
                self._skip(result)
            self._put_back(kept)
        return result

    def _step_over(self, back):
        self._gdb.break_at(back)
        assert self._gdb.resume(20), "a function of Mbed TLS does not return"
        self._gdb.forget(back)

    def leave(self):
        """hv gets the true report."""
        for address in (*self._reports, self._parked, self._enters):
            self._gdb.forget(address)
        self._gdb.leave()
