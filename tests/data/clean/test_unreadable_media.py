"""Unreadable pictures are rejected with the reason of the decoder, each blob judged once."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from stoker.data.clean.unreadable_media import UnreadableMedia
from stoker.data.cleaning import clean_rows
from stoker.data.dataset import Dataset
from stoker.engine.table_file import read_table


def picture(size: int = 4) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (size, size), "red").save(stream, "PNG")
    return stream.getvalue()


def test_each_bad_row_has_its_reason(
    make_dataset: Callable[..., Dataset], new_folder: Callable[[], Path]
) -> None:
    cut = picture(60)[:70]
    left = [picture(), cut, None, cut, b"<html>", picture()]
    right = [picture(), picture(), picture(), b"", b"", b""]
    dataset = make_dataset({}, media={"left": left, "right": right})
    folder = new_folder()
    info = clean_rows([UnreadableMedia()], dataset, folder)
    assert info["flows"][0]["notes"] == {"decoded": 4, "unreadable": 3}
    rejects = read_table(folder / "rejects.parquet").to_pylist()
    assert [(r["_row"], r["column"], r["line"]) for r in rejects] == [
        (1, "left", 2), (3, "left", 4), (4, "left", 5), (5, "right", 6),
    ]  # fmt: skip
    assert "cut off" in rejects[0]["reason"]
    assert "HTML" in rejects[2]["reason"]
    assert rejects[3]["found"] == "0 bytes"


def test_a_table_has_nothing_to_decode(
    make_dataset: Callable[..., Dataset], new_folder: Callable[[], Path]
) -> None:
    assert clean_rows([UnreadableMedia()], make_dataset({"a": [1]}), new_folder())["rejected"] == 0


def test_each_column_is_judged_by_the_limit_of_its_feature(
    make_dataset: Callable[..., Dataset], new_folder: Callable[[], Path]
) -> None:
    small, large = picture(10), picture(11)
    media = {"left": [small, large, small, None], "right": [large, small, small, large]}
    dataset = make_dataset({}, media=media)
    rejects = {}
    for name, limits in {
        "usual": {},
        "one column": {"left": 100},
        "both": {"left": 120, "right": 100},
        "enough": {"left": 121, "right": 121},
    }.items():
        folder = new_folder()
        clean_rows([UnreadableMedia().within(limits)], dataset, folder)
        found = read_table(folder / "rejects.parquet").to_pylist()
        rejects[name] = [(row["_row"], row["column"]) for row in found]
        assert all("121 pixels; at most 1" in row["reason"] for row in found)
    assert rejects == {
        "usual": [],
        "one column": [(1, "left")],
        "both": [(0, "right"), (1, "left"), (3, "right")],
        "enough": [],
    }
