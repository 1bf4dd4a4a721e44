"""Who becomes champion at the edge of the old one's interval, and what is said of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stoker.core.events import Silent, listening
from stoker.pipeline.champion import CHAMPION, promote
from stoker.store.catalog import Catalog


class Heard(Silent):
    """Keeps what is said, by kind."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def message(self, text: str) -> None:
        self.lines.append(("message", text))

    def warning(self, text: str) -> None:
        self.lines.append(("warning", text))


def registered(catalog: Catalog, digit: str, name: str = "score", **score: Any) -> int:
    return catalog.add_model("digits", digit * 64, {name: score, "other": {"value": 7.0}})


def promoted(
    folder: Path, old: dict[str, Any], new: dict[str, Any], **more: Any
) -> tuple[str, int, list[tuple[str, str]]]:
    """How the second version is called, which one is champion, and what was said of it."""
    catalog, heard = Catalog(folder), Heard()
    promote(catalog, "digits", registered(catalog, "1", **old), higher_is_better=True)
    version = registered(catalog, "2", **new)
    is_higher = more.pop("higher_is_better", True)
    with listening(heard):
        called = promote(catalog, "digits", version, higher_is_better=is_higher, **more)
    return called, catalog.resolve("digits", CHAMPION).version, heard.lines


OLD = {"value": 0.5, "low": 0.25, "high": 0.75}


@pytest.mark.parametrize(
    ("old", "value", "is_higher", "champion"),
    [
        (OLD, 0.25, True, 2),
        (OLD, 0.2499, True, 1),
        (OLD, 0.75, False, 2),
        (OLD, 0.7501, False, 1),
        ({"value": 0.5}, 0.5, True, 2),
        ({"value": 0.5}, 0.4999, True, 1),
        ({"value": 0.5}, 0.5, False, 2),
        ({"value": 0.5}, 0.5001, False, 1),
    ],
)
def test_within_the_interval_the_newer_one_is_taken(
    tmp_path: Path, old: dict[str, Any], value: float, is_higher: bool, champion: int
) -> None:
    found = promoted(tmp_path, old, {"value": value}, higher_is_better=is_higher)
    assert found[:2] == ("digits" if champion == 2 else "digits@2", champion)
    [(kind, text)] = found[2]
    assert kind == ("message" if champion == 2 else "warning")
    assert f"score 0.5 → {value:.4g}" in text
    assert "other" not in text


def test_other_metrics_do_not_compare(tmp_path: Path) -> None:
    found = promoted(tmp_path, OLD, {"name": "error", "value": 99.0})
    line = "champion of digits: version 1 → 2 (scored by different metrics)"
    assert found == ("digits", 2, [("message", line)])


def test_another_question_takes_over_with_a_warning(tmp_path: Path) -> None:
    called, champion, lines = promoted(tmp_path, OLD, {"value": 0.1}, unlike="it predicts 'x'")
    assert (called, champion) == ("digits", 2)
    [(kind, text)] = lines
    assert kind == "warning"
    assert "version 1 → 2, which could not be compared with it: it predicts 'x'" in text
    assert "`stoker models alias digits champion 1` takes that back" in text


def test_the_first_and_the_same_version_are_champion_without_a_word(tmp_path: Path) -> None:
    catalog, heard = Catalog(tmp_path), Heard()
    version = registered(catalog, "1", **OLD)
    with listening(heard):
        names = [promote(catalog, "digits", version, higher_is_better=True) for _ in range(2)]
    assert names == ["digits", "digits"]
    assert catalog.resolve("digits", CHAMPION).version == 1
    assert heard.lines == []
