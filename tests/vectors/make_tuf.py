#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/vectors/tuf/ with python-tuf and securesystemslib.

Needs `tuf`, `securesystemslib` and `cryptography` from PyPI (a private virtual environment will do):

    python3 tests/vectors/make_tuf.py tests/vectors/tuf

Keys and signatures are new at each run; the tests depend on the files' relations only:

    1.root.json       two root keys, threshold 2; one targets key, threshold 1
    2.root.json       another pair of root keys, signed by the old and the new pair; targets
                      threshold 2 of 3, one name with characters that need escapes
    2.root.old.json   the same signed by the old pair alone
    2.root.new.json   the same signed by the new pair alone
    targets.json      one delta, signed by the targets key of 1.root.json
    targets2.json     the same signed by two targets keys of 2.root.json
    targets1of3.json  the same signed by one of them
    targets.canonical the canonical form of targets.json's signed part
"""
import datetime
import pathlib
import sys

from cryptography.hazmat.primitives.asymmetric import ec
from securesystemslib.formats import encode_canonical
from securesystemslib.signer import CryptoSigner, SSlibKey
from tuf.api.metadata import Metadata, Root, TargetFile, Targets
from tuf.api.serialization.json import JSONSerializer

EXPIRES = datetime.datetime(2040, 1, 1, tzinfo=datetime.timezone.utc)
CUSTOM = {
    "chunks_digest": "11" * 32,
    "dependencies": [],
    "format": 1,
    "from_digest": "22" * 32,
    "from_length": 1000,
    "from_version": "6.1.0-53",
    "group": 0,
    "guest": "personal",
    "kind": "delta",
    "minimum_updater": 1,
    "package": "quote\" back\\slash \u00fc \u20ac \U0001f600",
    "product": "segue-virt",
    "ram_need": 65536,
    "security_counter": 7,
    "to_digest": "33" * 32,
    "to_length": 2000,
    "to_version": "6.1.0-55",
}


def make_signer():
    private = ec.generate_private_key(ec.SECP256R1())
    return CryptoSigner(private, SSlibKey.from_crypto(private.public_key()))


def make_root(version, root_signers, targets_signers, threshold):
    root = Root(version=version, expires=EXPIRES, consistent_snapshot=False)
    for signer in root_signers:
        root.add_key(signer.public_key, "root")
    for signer in targets_signers:
        root.add_key(signer.public_key, "targets")
    root.roles["root"].threshold = len(root_signers)
    root.roles["targets"].threshold = threshold
    return root


def write(path, signed, signers):
    metadata = Metadata(signed)
    for signer in signers:
        metadata.sign(signer, append=True)
    path.write_bytes(metadata.to_bytes(JSONSerializer()))


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    old = [make_signer() for _ in range(2)]
    new = [make_signer() for _ in range(2)]
    first = make_signer()
    others = [make_signer() for _ in range(2)]
    write(out / "1.root.json", make_root(1, old, [first], 1), old)
    root2 = make_root(2, new, [first, *others], 2)
    root2.unrecognized_fields["x-note"] = "a \u00fc and a \"quote\""
    write(out / "2.root.json", root2, old + new)
    write(out / "2.root.old.json", root2, old)
    write(out / "2.root.new.json", root2, new)
    targets = Targets(version=3, expires=EXPIRES)
    targets.targets["personal.delta"] = TargetFile(
        4321, {"sha256": "44" * 32, "sha512": "55" * 64}, "personal.delta", {"custom": CUSTOM})
    write(out / "targets.json", targets, [first])
    write(out / "targets2.json", targets, [first, others[1]])
    write(out / "targets1of3.json", targets, [others[0]])
    canonical = encode_canonical(targets.to_dict())
    (out / "targets.canonical").write_text(canonical, encoding="utf-8")


if __name__ == "__main__":
    main()
