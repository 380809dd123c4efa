# SPDX-License-Identifier: Apache-2.0
import hashlib
import json
import struct

import pytest

PERSONAL_VENDOR = "73656775650040008000000000000001"
PERSONAL_CLASS = "73656775650040008000000000000102"


def info(shop, name):
    return json.loads(shop.segue("image", "info", "--json", name))


def test_info_says_what_was_put_in(shop):
    shop.image("x.img", version="6.1.2+77", counter=9,
               extra=["--ramdisk", "initramfs.cpio", "--cmdline", "quiet panic=1"])
    said = info(shop, "x.img")
    assert said["version"] == "6.1.2+77" and said["security_counter"] == 9
    assert said["payload"] == "fit" and said["command_line"] == "quiet panic=1"
    assert said["kernel_bytes"] == len(shop.read("old-Image"))
    assert said["ramdisk_bytes"] == len(shop.read("initramfs.cpio"))
    assert said["vendor_id"].replace("-", "") == PERSONAL_VENDOR
    assert said["class_id"].replace("-", "") == PERSONAL_CLASS
    image = shop.read("x.img")
    assert said["bytes"] == len(image)
    assert said["digest"] == hashlib.sha256(image).hexdigest()
    assert "6.1.2+77" in shop.segue("image", "info", "x.img")


@pytest.mark.parametrize("cmdline", ["", "a", "abcdefg", "x" * 1000])
def test_the_kernel_stands_at_a_4k_boundary(shop, cmdline):
    shop.image("x.img", extra=["--cmdline", cmdline])
    assert shop.read("x.img").index(shop.read("old-Image")) % 4096 == 0


def test_equal_inputs_give_an_equal_image(shop):
    shop.image("x.img")
    shop.image("y.img")
    assert shop.read("x.img") == shop.read("y.img")


def test_raw_programs(shop):
    shop.image("x.img", guest="rt", source="rt.bin", extra=["--raw", "--load-address", "0x40100000"])
    said = info(shop, "x.img")
    assert said["payload"] == "raw" and said["load_address"] == 0x40100000
    assert "load_address" not in info(shop, "rt.img")
    assert shop.read("rt.img")[32:32 + 50_000] == shop.read("rt.bin")


def test_verify(shop):
    assert "good" in shop.segue("image", "verify", "--vms", "system.dtb", "old.img")
    shop.segue("image", "verify", "--vms", "system.dtb", "--guest", "personal", "old.img")
    shop.segue("image", "verify", "--key", "image.pem", "old.img")
    shop.refused(218, "image", "verify", "--vms", "system.dtb", "--guest", "work", "old.img")
    shop.refused(212, "image", "verify", "--key", "stranger.pem", "old.img")
    shop.refused(108, "image", "verify", "--vms", "system.dtb", "--guest", "nobody", "old.img")


def test_bytes_behind_the_image_do_not_matter(shop):
    shop.write("slot", shop.read("old.img") + bytes(5000))
    shop.segue("image", "verify", "--vms", "system.dtb", "slot")
    assert info(shop, "slot")["digest"] == info(shop, "old.img")["digest"]


def test_a_key_that_the_system_does_not_accept(shop):
    done = shop.run("image", "create", "--vms", "system.dtb", "--guest", "rt", "--kernel", "rt.bin",
                    "--raw", "--version", "1", "--security-counter", "1", "--key", "stranger.pem",
                    "-o", "x.img")
    assert done.returncode == 0 and "warning" in done.stderr
    shop.refused(212, "image", "verify", "--vms", "system.dtb", "x.img")


@pytest.mark.parametrize("at", [0, 8, 12, 16, 32, 5000, -100, -40, -1])
def test_a_flipped_byte(shop, at):
    image = bytearray(shop.read("old.img"))
    image[at] ^= 1
    shop.write("bad.img", bytes(image))
    done = shop.run("image", "verify", "--vms", "system.dtb", "bad.img")
    assert done.returncode == 1
    assert done.stderr.startswith("segue: error 2")


@pytest.mark.parametrize("keep", [0, 31, 32, 1000, -200, -10, -1])
def test_a_truncated_image(shop, keep):
    shop.write("bad.img", shop.read("old.img")[:keep])
    for command in (["verify", "--vms", "system.dtb"], ["info"]):
        done = shop.run("image", *command, "bad.img")
        assert done.returncode == 1
        assert done.stderr.startswith("segue: error 2")


@pytest.mark.parametrize("args,number,status", [
    (["--kernel", "rt.bin"], 224, 1),
    (["--kernel", "old-Image", "--version", "1.2.3.4"], 103, 2),
    (["--kernel", "old-Image", "--version", "256"], 103, 2),
    (["--kernel", "old-Image", "--version", ""], 103, 2),
    (["--kernel", "old-Image", "--security-counter", "4294967296"], 103, 2),
    (["--kernel", "old-Image", "--load-address", "0x40000000"], 103, 2),
    (["--kernel", "rt.bin", "--raw", "--cmdline", "x"], 103, 2),
    (["--kernel", "old-Image", "--guest", "update"], 108, 1),
    (["--kernel", "old-Image", "--guest", "nobody"], 108, 1),
    (["--kernel", "big.bin", "--raw", "--guest", "rt"], 807, 1),
])
def test_what_cannot_be_made(shop, args, number, status):
    shop.write("big.bin", bytes(5 << 20))
    shop.refused(number, "image", "create", "--vms", "system.dtb", "--guest", "personal", "--version",
                 "1", "--security-counter", "1", "--key", "image.pem", "-o", "x", *args, status=status)


@pytest.mark.parametrize("form", ["hash", "full"])
def test_images_signed_by_imgtool_verify(shop, imgtool, form):
    imgtool("sign", "-k", "image.pem", "--public-key-format", form, "-v", "3.2.1+4", "-s", "7",
            "--vid", PERSONAL_VENDOR, "--cid", PERSONAL_CLASS, "-H", "64", "--pad-header",
            "-S", "0x400000", "rt.bin", "x.img")
    shop.segue("image", "verify", "--vms", "system.dtb", "--guest", "personal", "x.img")
    said = info(shop, "x.img")
    assert said["version"] == "3.2.1+4" and said["security_counter"] == 7
    # Padded to the whole slot, with MCUboot's trailer behind it.
    imgtool("sign", "-k", "image.pem", "--public-key-format", form, "-v", "1", "-s", "7", "--vid",
            PERSONAL_VENDOR, "--cid", PERSONAL_CLASS, "-H", "32", "--pad-header", "--pad",
            "-S", "0x100000", "rt.bin", "slot.img")
    shop.segue("image", "verify", "--vms", "system.dtb", "--guest", "personal", "slot.img")


def test_imgtool_verifies_ours(shop, imgtool):
    for name in ("old.img", "rt.img"):
        assert "correctly validated" in imgtool("verify", "-k", "image.pem", name)
    image = shop.read("old.img")
    magic, _, header, protected = struct.unpack_from("<IIHH", image)
    assert (magic, header, protected) == (0x96F3B83D, 32, 52)
