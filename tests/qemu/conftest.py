# SPDX-License-Identifier: Apache-2.0
import pytest


def pytest_configure(config):
    config.addinivalue_line("markers", "soak: takes long; `make soak` runs it, `make test` does not")


@pytest.fixture
def name(request):
    """A folder name for this test's device."""
    return request.node.name.replace("[", "-").replace("]", "")
