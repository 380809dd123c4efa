# SPDX-License-Identifier: Apache-2.0
"""docs/cli.md: every example runs, and every command has one."""

import os
import re
import subprocess

from conftest import SEGUE


def examples():
    with open("docs/cli.md", encoding="utf-8") as f:
        return "".join(re.findall(r"```sh\n(.*?)```", f.read(), re.S))


def test_every_example_runs(bare):
    path = os.path.dirname(SEGUE) + os.pathsep + os.environ["PATH"]
    done = subprocess.run(["sh", "-e", "-c", examples()], cwd=bare.folder, capture_output=True,
                          text=True, timeout=120, env={**os.environ, "PATH": path})
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_every_command_has_an_example():
    overview = subprocess.run([SEGUE, "--help"], capture_output=True, text=True, check=True).stdout
    commands = re.findall(r"^  ([a-z]+ [a-z]+)  ", overview, re.M)
    assert len(commands) > 15
    for command in commands:
        assert f"segue {command}" in examples(), command
