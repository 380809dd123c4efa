# SPDX-License-Identifier: Apache-2.0
import hashlib
import json
import os

import pytest


def test_public_forms_agree(shop):
    pem = shop.segue("key", "public", "image.pem")
    shop.write("public.pem", pem.encode())
    shop.segue("key", "public", "--format", "der", "-o", "public.der", "public.pem")
    der = shop.read("public.der")
    digest = hashlib.sha256(der)
    assert len(der) == 91
    assert shop.segue("key", "public", "--format", "sha256", "image.pem") == digest.hexdigest() + "\n"
    shop.segue("key", "public", "--format", "sha256-binary", "-o", "hash", "public.der")
    assert shop.read("hash") == digest.digest()


def test_private_keys_are_private(shop):
    shop.segue("key", "generate", "-o", "mine.pem")
    assert os.stat(shop.path("mine.pem")).st_mode & 0o777 == 0o600
    first = shop.read("mine.pem")
    shop.refused(101, "key", "generate", "-o", "mine.pem")
    assert shop.read("mine.pem") == first
    shop.segue("key", "generate", "-o", "mine.pem", "--force")
    assert shop.read("mine.pem") != first


@pytest.mark.parametrize("content", [
    b"",
    b"-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
    bytes(91),
    # A good key on another curve (secp384r1).
    bytes.fromhex("3076301006072a8648ce3d020106052b81040022036200040b82f41ce20f0fb9c336d8785c0e7229"
                  "b234413c679424154b73e96c41b95d17fac1890c0268eb027e6f40a6873710c3a6e501a85795b7d7"
                  "ab95c5174f7ca5b91af2cdbcc1539ba1ba476301ddc5b9cc9b9a3f93f75e1e3796ace3ae0dfb2b62"),
])
def test_what_is_no_key(shop, content):
    shop.write("bad", content)
    shop.refused(107, "key", "public", "bad")


def test_a_public_key_cannot_sign(shop):
    shop.segue("key", "public", "-o", "public.pem", "image.pem")
    shop.refused(107, "image", "create", "--vms", "system.dtb", "--guest", "rt", "--kernel", "rt.bin",
                 "--raw", "--version", "1", "--security-counter", "1", "--key", "public.pem", "-o", "x")


def test_root_lists_keys_and_thresholds(shop):
    shop.segue("root", "create", "--root-key", "root.pem", "--root-key", "stranger.pem",
               "--root-threshold", "1", "--package-key", "package.pem", "--expires",
               "2031-02-03T04:05:06Z", "-o", "r.json")
    root = json.loads(shop.read("r.json"))
    assert len(root["signatures"]) == 2
    signed = root["signed"]
    assert signed["_type"] == "root" and signed["expires"] == "2031-02-03T04:05:06Z"
    assert signed["roles"]["root"]["threshold"] == 1
    assert len(signed["roles"]["root"]["keyids"]) == 2
    assert signed["roles"]["targets"]["keyids"][0] in signed["keys"]


@pytest.mark.parametrize("extra", [
    ["--root-threshold", "2"],
    ["--package-threshold", "2"],
    ["--expires", "tomorrow"],
    ["--expires", "2031-02-03T04:05:06Z and more"],
])
def test_root_with_wrong_options(shop, extra):
    shop.refused(103, "root", "create", "--root-key", "root.pem", "--package-key", "package.pem",
                 "-o", "x", *extra, status=2)
