# SPDX-License-Identifier: Apache-2.0
"""Numbers that never change: each stands in the headers once, and in the documents."""

import re


def text(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def test_every_error_is_documented():
    declared = re.findall(r"E\((\d+), (\w+),", text("include/segue/error.h"))
    numbers = [int(number) for number, _ in declared]
    assert len(set(numbers)) == len(numbers) == len({name for _, name in declared})
    documented = dict(re.findall(r"^\| (\d+) \| (\w+) \|", text("docs/errors.md"), re.M))
    assert documented == dict(declared)


def test_every_event_is_documented():
    declared = re.findall(r'E\((\d+), \w+, "([\w-]+)"\)', text("updater/events.h"))
    assert len({number for number, _ in declared}) == len(declared)
    documents = text("docs/events.md") + text("docs/update-partition.md")
    for number, name in declared:
        assert re.search(rf"^\| {number} (\| {name}|`{name}`) \|", documents, re.M), name
