# SPDX-License-Identifier: Apache-2.0
"""`make bench-delta`: bsdiff, xdelta3, zstd and Segue on the same pairs, in one run."""

import argparse
import json
import os
import re
import subprocess
import sys

import debian
from debian import Archive, Pair

SEGUE = "build/bin/segue"
MEASURE = "build/bench/measure"

# Patch bytes as a share of bsdiff's: (must, aim), by the kind of pair.
GOALS = {
    "6.1": (0.20, 0.14),
    "revision": (0.06, 0.035),
    "6.12": (0.12, 0.07),
    "rootfs": (0.85, 0.70),
    "program": (0.65, 0.58),
}
KERNELS = ("6.1", "revision", "6.12")
# Of a kernel's pair: as a share of bsdiff's or bspatch's.
EFFORT_GOALS = {
    "create CPU": (1.0, 0.4),
    "create memory": (1.5, 0.7),
    "apply CPU": (1.5, 1.0),
    "apply memory": (0.2, 0.2),
}
SLOT_EXTRA = 4096  # bytes that a slot image's patch may have beyond its goal


def tools(size):
    """By name: how to create P from O to N, and how to make R from O and P."""
    window = str(1 << max(26, (size - 1).bit_length()))
    long = f"--long={max(27, (size - 1).bit_length())}"
    return {
        "bsdiff": (["bsdiff", "O", "N", "P"], ["bspatch", "O", "R", "P"]),
        "xdelta3": (["xdelta3", "-e", "-9", "-S", "lzma", "-B", window, "-f", "-s", "O", "N", "P"],
                    ["xdelta3", "-d", "-B", window, "-f", "-s", "O", "P", "R"]),
        "zstd": (["zstd", "-qq", "-f", "--ultra", "-22", "-T1", long, "--patch-from=O", "N", "-o", "P"],
                 ["zstd", "-q", "-f", "-d", long, "--patch-from=O", "P", "-o", "R"]),
        "segue": ([SEGUE, "delta", "create", "--from", "O", "--to", "N", "-o", "P"],
                  [SEGUE, "delta", "apply", "--from", "O", "P", "-o", "R"]),
    }


class Bench:
    def __init__(self, folder):
        self.folder = folder
        self.failed = []

    def path(self, name):
        return os.path.join(self.folder, name)

    def measure(self, command, files, makes):
        """Seconds of CPU time and MiB of peak memory."""
        if os.path.exists(files[makes]):
            os.remove(files[makes])
        words = [re.sub(r"^(|--patch-from=)([ONPR])$", lambda m: m[1] + files[m[2]], w)
                 for w in command]
        subprocess.run([MEASURE, self.path("usage"), *words], check=True, stdout=subprocess.DEVNULL)
        with open(self.path("usage")) as f:
            seconds, kib = f.read().split()
        return float(seconds), int(kib) / 1024

    def run(self, pair, tool, commands):
        files = {"O": pair.old, "N": pair.new, "P": self.path("patch"), "R": self.path("result")}
        create = self.measure(commands[0], files, "P")
        # It takes a moment, of which a busy machine makes anything: the least of three.
        apply = min(self.measure(commands[1], files, "R") for _ in range(3))
        with open(pair.new, "rb") as a, open(files["R"], "rb") as b:
            if a.read() != b.read():
                self.failed.append(f"{pair.name}: {tool}'s result is another file")
        row = {"bytes": os.path.getsize(files["P"]), "create CPU": create[0],
               "create memory": create[1], "apply CPU": apply[0], "apply memory": apply[1]}
        if tool == "segue":
            said = subprocess.run([SEGUE, "delta", "info", "--json", files["P"]], check=True,
                                  stdout=subprocess.PIPE).stdout
            row["info"] = json.loads(said)
        return row

    def compare(self, pair, only=None):
        """The row of each tool; a tool that fails counts as a failure of the bench."""
        rows = {}
        for tool, commands in tools(max(map(os.path.getsize, (pair.old, pair.new)))).items():
            if only and tool not in only:
                continue
            print(f"bench: {pair.name}: {tool}", file=sys.stderr, flush=True)
            try:
                rows[tool] = self.run(pair, tool, commands)
            except subprocess.CalledProcessError as e:
                self.failed.append(f"{pair.name}: {tool} failed: {e}")
        return rows

    def slot_image(self, kernel, name):
        out = self.path(f"slot-{name}")
        subprocess.run([SEGUE, "image", "create", "--guest", "personal", "--kernel", kernel,
                        "--ramdisk", "build/images/initramfs.cpio",
                        "--cmdline", "console=ttyAMA0 quiet panic=1", "--version", "1.0",
                        "--security-counter", "1", "--key", "build/keys/image.pem", "-o", out],
                       check=True, stdout=subprocess.DEVNULL)
        return out

    def slot_pair(self, pair):
        return Pair(pair.name.replace("kernel", "slot image"), pair.kind,
                    self.slot_image(pair.old, "old"), self.slot_image(pair.new, "new"))


def grade(value, goal):
    must, aim = goal
    return "met" if value <= aim else "must met" if value <= must else "MISSED"


class Table:
    COLUMNS = ["pair", "tool", "bytes", "ratio", "goal", "create CPU s", "create MiB",
               "apply CPU s", "apply MiB"]

    def __init__(self):
        self.missed = []
        print("| " + " | ".join(self.COLUMNS) + " |\n" + "|---" * len(self.COLUMNS) + "|")

    def size_goal(self, pair, row, base, extra):
        if pair.kind not in GOALS:
            return ""
        must, aim = GOALS[pair.kind]
        verdict = grade(row["bytes"], [share * base["bytes"] + extra for share in (must, aim)])
        if verdict == "MISSED":
            self.missed.append(f"{pair.name}: bytes")
        return f"{must} / {aim}{' + 4 KB' if extra else ''}: {verdict}"

    def effort(self, pair, tool, row, base, what):
        share = row[what] / max(base[what], 0.001)
        text = f"{row[what]:.2f}" if "CPU" in what else f"{row[what]:.0f}"
        if tool == "bsdiff":
            return text
        if tool == "segue" and pair.kind in KERNELS and grade(share, EFFORT_GOALS[what]) == "MISSED":
            self.missed.append(f"{pair.name}: {what}")
            return f"{text} ({share:.2f}: MISSED)"
        return f"{text} ({share:.2f})"

    def add(self, pair, rows, extra=0):
        base = rows.get("bsdiff")
        for tool, row in rows.items():
            cells = [pair.name, tool, f"{row['bytes']:,}"]
            if base:
                cells.append(f"{row['bytes'] / base['bytes']:.3f}")
                cells.append(self.size_goal(pair, row, base, extra) if tool == "segue" else "")
                cells += [self.effort(pair, tool, row, base, what) for what in EFFORT_GOALS]
            print("| " + " | ".join(cells) + " |", flush=True)


def print_models(results):
    """Segue's bytes, by model and stream."""
    infos = {name: rows["segue"]["info"] for name, rows in results.items() if "segue" in rows}
    parts = list(dict.fromkeys(p["name"] for info in infos.values() for p in info["parts"]))
    if not infos:
        return
    print("\nSegue's bytes by model and stream:\n\n| pair | memory | " + " | ".join(parts) + " |")
    print("|---" * (len(parts) + 2) + "|")
    for name, info in infos.items():
        sizes = {p["name"]: p["bytes"] for p in info["parts"]}
        print(f"| {name} | {info['memory_bytes']:,} | "
              + " | ".join(f"{sizes[p]:,}" if p in sizes else "" for p in parts) + " |")
    for name, info in infos.items():
        for note in info["notes"]:
            print(f"{name}: {note}")


def given_pair(text):
    kind, _, files = text.rpartition("=")
    old, found, new = files.partition(":")
    if not found or (kind and kind not in GOALS):
        sys.exit(f"bench: PAIRS: '{text}' is not [KIND=]OLD:NEW (kinds: {' '.join(GOALS)})")
    return Pair(f"{os.path.basename(old)} -> {os.path.basename(new)}", kind, old, new)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("pairs", nargs="*")
    args = parser.parse_args()
    bench, results = Bench(args.folder), {}

    def wanted(name):
        return args.only in name
    archive = None if args.pairs else Archive(args.folder)
    pairs = map(given_pair, args.pairs) if args.pairs else debian.pairs(archive, wanted)
    table = Table()
    for pair in pairs:
        results[pair.name] = bench.compare(pair)
        table.add(pair, results[pair.name])
        if pair.kind in KERNELS and "-cloud" in pair.name:
            slot = bench.slot_pair(pair)
            results[slot.name] = bench.compare(slot, only=["bsdiff", "segue"])
            table.add(slot, results[slot.name], extra=SLOT_EXTRA)
        with open(bench.path("delta.json"), "w") as f:
            json.dump(results, f, indent=1)
    print_models(results)
    if archive and archive.lacking:
        print("\nThe archive lacks: " + ", ".join(archive.lacking))
    for text in bench.failed:
        print(f"failed: {text}")
    for text in table.missed:
        print(f"missed: {text}")
    return 1 if bench.failed or table.missed else 0


if __name__ == "__main__":
    sys.exit(main())
