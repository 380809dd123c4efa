# SPDX-License-Identifier: Apache-2.0
import hashlib
import io
import json
import tarfile

import pytest

CREATE = ["package", "create", "--vms", "system.dtb", "--root", "root.json", "--key", "package.pem"]


def members(shop, name):
    with tarfile.open(shop.path(name)) as tar:
        return {m.name: tar.extractfile(m).read() for m in tar.getmembers()}


def repack(shop, name, content):
    with tarfile.open(shop.path(name), "w", format=tarfile.USTAR_FORMAT) as tar:
        for member, data in content.items():
            entry = tarfile.TarInfo(member)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))


def refused(shop, name, number):
    return shop.refused(number, "package", "verify", "--vms", "system.dtb", name)


def test_what_is_in_a_package(shop):
    assert "good" in shop.segue("package", "verify", "--vms", "system.dtb", "package.tar")
    said = json.loads(shop.segue("package", "info", "--json", "package.tar"))
    (target,) = said["targets"]
    assert target["kind"] == "delta" and target["guest"] == "personal"
    assert target["from_version"] == "1.0.0" and target["to_version"] == "1.1.0"
    assert target["to_digest"] == hashlib.sha256(shop.read("new.img")).hexdigest()
    assert target["security_counter"] == 2
    assert list(members(shop, "package.tar"))[:2] == ["root.json", "targets.json"]
    assert "personal: 1.0.0 -> 1.1.0" in shop.segue("package", "info", "package.tar")


def test_the_delta_is_the_one_that_delta_create_makes(shop):
    assert shop.read("good.delta") in members(shop, "package.tar").values()


def test_several_targets_and_a_whole_image(shop):
    shop.image("rt2.img", guest="rt", source="initramfs.cpio", counter=2, extra=["--raw"])
    shop.segue(*CREATE, "--id", "many", "--version", 7, "--update", "personal=old.img,new.img",
               "--image", "personal=new.img", "--update", "rt=rt.img,rt2.img", "-o", "many.tar")
    shop.segue("package", "verify", "--vms", "system.dtb", "many.tar")
    said = json.loads(shop.segue("package", "info", "--json", "many.tar"))
    assert said["version"] == 7 and len(said["targets"]) == 3


def test_a_root_that_followed_the_pinned_one(shop):
    shop.segue("root", "create", "--version", 2, "--root-key", "root.pem", "--former-root-key",
               "root.pem", "--package-key", "stranger.pem", "-o", "root2.json")
    shop.segue("root", "create", "--version", 3, "--root-key", "image.pem", "--former-root-key",
               "root.pem", "--package-key", "stranger.pem", "-o", "root3.json")
    shop.segue("package", "create", "--vms", "system.dtb", "--id", "x", "--update",
               "personal=old.img,new.img", "--root", "root.json", "--root", "root2.json", "--root",
               "root3.json", "--key", "stranger.pem", "-o", "x.tar")
    shop.segue("package", "verify", "--vms", "system.dtb", "x.tar")
    assert list(members(shop, "x.tar"))[:3] == ["root.json", "1.root.json", "2.root.json"]


def test_thresholds(shop):
    shop.segue("root", "create", "--root-key", "root.pem", "--package-key", "package.pem",
               "--package-key", "stranger.pem", "--package-threshold", 2, "-o", "two.json")
    for count, keys in enumerate((["package"], ["package", "stranger"], ["package", "package"]), 1):
        shop.segue("package", "create", "--vms", "system.dtb", "--id", "x", "--update",
                   "personal=old.img,new.img", "--root", "two.json", "-o", f"{count}.tar",
                   *[word for key in keys for word in ("--key", f"{key}.pem")])
    shop.refused(409, "package", "verify", "--root", "two.json", "1.tar")
    shop.segue("package", "verify", "--root", "two.json", "2.tar")
    done = shop.run("package", "verify", "--root", "two.json", "3.tar")
    assert done.returncode == 1


def test_a_package_key_that_nobody_trusts(shop):
    shop.segue("package", "create", "--vms", "system.dtb", "--id", "x", "--update",
               "personal=old.img,new.img", "--root", "root.json", "--key", "stranger.pem",
               "-o", "x.tar")
    refused(shop, "x.tar", 409)


def test_expiry(shop):
    shop.segue(*CREATE, "--id", "x", "--update", "personal=old.img,new.img", "--expires",
               "2020-01-01T00:00:00Z", "-o", "x.tar")
    refused(shop, "x.tar", 412)


def test_a_lower_security_counter_is_warned_of(shop):
    done = shop.run(*CREATE, "--id", "x", "--update", "personal=new.img,old.img", "-o", "x.tar")
    assert done.returncode == 0 and "warning" in done.stderr


@pytest.mark.parametrize("change,number", [
    (lambda m: m["targets.json"].replace(b'"sig":"30', b'"sig":"31'), 409),
    (lambda m: m["targets.json"].replace(b'"personal"', b'"work"'), 409),
    (lambda m: m["targets.json"].replace(b'"version":1,', b'"version":2,'), 409),
    (lambda m: m["targets.json"][:-1], 405),
    (lambda m: b"", 405),
])
def test_forged_targets(shop, change, number):
    content = members(shop, "package.tar")
    content["targets.json"] = change(content)
    repack(shop, "bad.tar", content)
    refused(shop, "bad.tar", number)


@pytest.mark.parametrize("suffix,change,number", [
    (".delta", lambda d: d[:-1], 417),
    (".delta", lambda d: d[:-1] + bytes([d[-1] ^ 1]), 420),
    (".chunks", lambda d: d[:-1] + bytes([d[-1] ^ 1]), 419),
    (".chunks", lambda d: d[:-36], 419),
])
def test_forged_payloads(shop, suffix, change, number):
    content = members(shop, "package.tar")
    name = next(n for n in content if n.endswith(suffix))
    content[name] = change(content[name])
    repack(shop, "bad.tar", content)
    refused(shop, "bad.tar", number)


def test_a_payload_that_is_missing(shop):
    content = members(shop, "package.tar")
    repack(shop, "bad.tar", {n: d for n, d in content.items() if not n.endswith(".delta")})
    refused(shop, "bad.tar", 404)


@pytest.mark.parametrize("keep", [0, 100, 512, 3000, -600, -2048])
def test_a_truncated_package(shop, keep):
    shop.write("bad.tar", shop.read("package.tar")[:keep])
    done = shop.run("package", "verify", "--vms", "system.dtb", "bad.tar")
    assert done.returncode == 1 and done.stderr.startswith("segue: error ")


@pytest.mark.parametrize("update,number", [
    ("work=old.img,new.img", 218),
    ("personal=old.img,work.img", 218),
    ("nobody=old.img,new.img", 108),
    ("personal=rt.bin,new.img", 201),
])
def test_images_that_are_not_the_guests(shop, update, number):
    shop.refused(number, *CREATE, "--id", "x", "--update", update, "-o", "x.tar")


def test_python_tuf_accepts_the_metadata(shop):
    metadata = pytest.importorskip("tuf.api.metadata", reason="python-tuf is not installed (PyPI)")
    content = members(shop, "package.tar")
    root = metadata.Metadata[metadata.Root].from_bytes(content["root.json"])
    targets = metadata.Metadata[metadata.Targets].from_bytes(content["targets.json"])
    root.verify_delegate("root", root)
    root.verify_delegate("targets", targets)
    for path, target in targets.signed.targets.items():
        target.verify_length_and_hashes(content[f"targets/{path}"])
    forged = metadata.Metadata[metadata.Targets].from_bytes(
        content["targets.json"].replace(b'"sig":"30', b'"sig":"31'))
    with pytest.raises(Exception):
        root.verify_delegate("targets", forged)
