"""Every planted mistake of a source breaks its promise, and a sound source keeps it."""

from __future__ import annotations

from pathlib import Path

import pytest

from stoker.core.errors import StokerError
from stoker.testing import assert_source
from tests.testing import wrong_sources as wrong

CELLS = ["1+1", "李", "", *map(str, range(wrong.CHUNK))]
NAMES = [f"{name}.pairs" for name in "abcdefgh"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A file of more than a chunk with a bad line, and some of a line each."""
    for name in NAMES:
        (tmp_path / name).write_text("x|0\n", encoding="utf-8")
    text = "".join(f"n|{cell}\n" for cell in CELLS)
    (tmp_path / NAMES[0]).write_text(f"bad\n{text}", encoding="utf-8")
    return tmp_path


def check(source: wrong.Pairs, project: Path) -> None:
    long = [
        {"_source": NAMES[0], "_line": line, "name": "n", "cell": cell}
        for line, cell in enumerate(CELLS, 2)
    ]
    short = [{"_source": name, "_line": 1, "name": "x", "cell": "0"} for name in NAMES[1:]]
    assert_source(source, project, rows=long + short, rejects=[(NAMES[0], 1)])


def test_a_sound_source_keeps_it(project: Path) -> None:
    check(wrong.Pairs(), project)


@pytest.mark.parametrize("kind", wrong.Pairs.__subclasses__())
def test_a_wrong_source_breaks_it(kind: type[wrong.Pairs], project: Path) -> None:
    # Some of it every run looks at, and says itself.
    with pytest.raises((AssertionError, StokerError)):
        check(kind(), project)
