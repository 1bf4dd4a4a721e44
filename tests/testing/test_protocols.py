"""Every planted mistake of a protocol breaks its promise; a sound one keeps it."""

from __future__ import annotations

from pathlib import Path

import pytest

from stoker.testing import Ask, assert_protocol
from tests.serve.conftest import table_bundle
from tests.testing import wrong_protocols as wrong

CSV = "age,职业\n20,nurse\n70,农民\n".encode()


@pytest.fixture(scope="module")
def census(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return table_bundle(tmp_path_factory.mktemp("bundles") / "census")


def check(protocol: wrong.Plain, bundle: Path) -> None:
    assert_protocol(protocol, bundle, sound=[Ask("POST", protocol.prefix, CSV, "text/csv")])


def test_a_sound_protocol_keeps_it(census: Path) -> None:
    check(wrong.Plain(), census)


@pytest.mark.parametrize("kind", wrong.Plain.__subclasses__())
def test_a_wrong_protocol_breaks_it(kind: type[wrong.Plain], census: Path) -> None:
    with pytest.raises(AssertionError):
        check(kind(), census)
