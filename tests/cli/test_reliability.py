# SPDX-License-Identifier: Apache-2.0
"""docs/reliability.md: each row has a number of its own, and names tests that exist."""

import glob
import os
import re

with open("docs/reliability.md", encoding="utf-8") as f:
    DOCUMENT = f.read()


def rows():
    """(number, last cell) of every row of the tables that have numbers."""
    for line in DOCUMENT.splitlines():
        if m := re.match(r"\| (R\d+) \|.*\| ([^|]*) \|$", line):
            yield m.groups()


def simulated():
    with open("tests/sim/rows.c", encoding="utf-8") as f:
        return set(re.findall(r'^ +(?:\{|SCENE\()"([^"]+)"', f.read(), re.M))


def text_of(pattern):
    return "".join(open(name, encoding="utf-8").read() for name in glob.glob(pattern))


def exists(test):
    kind, _, name = test.partition(":")
    if kind == "sim":
        return name in simulated()
    if kind == "fuzz":
        return os.path.exists(f"tests/fuzz/{name}.c")
    if kind == "make":
        return re.search(rf"^{name}:", text_of("tests/*/*.mk"), re.M) is not None
    if kind.startswith("test_"):
        source = text_of(f"tests/*/{kind.removesuffix('.py')}.py")
        return source != "" and (not name or f"def {name}(" in source)
    source = text_of(f"tests/unit/{kind}.c")
    return source != "" and (not name or f"static void {name}(" in source)


def test_numbers_are_given_once():
    numbers = [number for number, _ in rows()]
    assert len(numbers) > 70
    assert len(numbers) == len(set(numbers))


def test_no_row_is_without_a_number():
    tables = re.findall(r"^\| no\. .*\n\|[-|]+\|\n((?:\|.*\n)+)", DOCUMENT, re.M)
    lines = [line for table in tables for line in table.splitlines()]
    assert len(tables) == 5 and all(re.match(r"\| R\d+ \|", line) for line in lines)
    assert len(lines) == len(list(rows()))


def test_each_row_names_tests_that_exist():
    for number, where in rows():
        tests = re.findall(r"`([^`]+)`", where)
        assert tests, f"{number} names no test"
        for test in tests:
            assert exists(test), f"{number}: there is no {test}"


def test_what_else_is_named_exists():
    for test in re.findall(r"`(\w+_test|test_\w+(?:\.py)?)`", DOCUMENT):
        assert exists(test), test
