"""`stoker predict` on folders and files of texts, which it reads as training did."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stoker.cli.app import root
from stoker.core.errors import DataError
from stoker.data.acquire.text import TextFiles
from stoker.data.clean.mojibake import FittedMojibake
from stoker.data.media import MediaWriter
from stoker.data.reading import Reading
from stoker.features.text import Gram
from tests.cli.conftest import REMARK, write_sign_bundle


def predict(*arguments: object) -> Result:
    return CliRunner().invoke(root, ["predict", *map(str, arguments)], prog_name="stoker")


def answers(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {row["file"]: row["prediction"] for row in csv.DictReader(file)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    texts = tmp_path / "texts"
    (texts / "a").mkdir(parents=True)
    (texts / "a" / "1.txt").write_text("a good, good one", encoding="utf-8")
    (texts / "a" / "2").write_text("bad", encoding="utf-8")
    (texts / "b.md").write_text("# good", encoding="utf-8")
    (texts / "empty.txt").write_bytes(b"")
    (texts / "labels.csv").write_text("file,label", encoding="utf-8")
    return texts


def test_a_folder(text_bundle: Path, folder: Path, tmp_path: Path) -> None:
    done = predict(text_bundle, folder, "-o", tmp_path / "out.csv")
    assert done.exit_code == 1
    assert answers(tmp_path / "out.csv") == {"a/1.txt": "高", "a/2": "低", "b.md": "高"}
    rejects = (tmp_path / "out.rejects.csv").read_text(encoding="utf-8-sig")
    assert "empty.txt,,text,,is empty,text" in rejects
    assert "left out 1 file that is no text: labels.csv" in done.stderr


def test_acquire_and_predict_judge_every_file_alike(
    text_bundle: Path, folder: Path, tmp_path: Path
) -> None:
    for name, content in {
        "noise.txt": bytes(range(256)),
        "scan.jpg": b"\xff\xd8\xff",
        "x.docx": b"PK\x03\x04",
        "wide.txt": "好".encode("utf-16"),
        ".hidden.txt": b"x",
    }.items():
        (folder / "a" / name).write_bytes(content)
    os.mkfifo(folder / "a" / "pipe.txt")
    (folder / "a" / "link.txt").symlink_to("1.txt")
    predict(text_bundle, folder / "a", "-o", tmp_path / "out.csv")
    with MediaWriter(tmp_path) as media:
        reading = Reading(folder, tmp_path, media)
        tables = TextFiles(path="a", label_column=None).read_rows(reading)
        taken = {one.removeprefix("a/") for table in tables for one in table["_source"].to_pylist()}
    refused = {
        one["source"].removeprefix("a/"): one["reason"]
        for one in reading.rejects.table().to_pylist()
    }
    with (tmp_path / "out.rejects.csv").open(encoding="utf-8-sig", newline="") as file:
        assert {row["source"]: row["reason"] for row in csv.DictReader(file)} == refused
    assert set(answers(tmp_path / "out.csv")) == taken == {"1.txt", "2", "wide.txt"}
    assert set(refused) == {"noise.txt", "x.docx", "pipe.txt", "link.txt"}


@pytest.mark.parametrize(
    ("given", "files"),
    [("a/1.txt", ["1.txt"]), ("a/2", ["2"]), ("*/1.txt", ["a/1.txt"]), ("*.md", ["b.md"])],
)
def test_a_file_and_a_pattern(
    text_bundle: Path, folder: Path, tmp_path: Path, given: str, files: list[str]
) -> None:
    done = predict(text_bundle, folder / given, "-o", tmp_path / "out.csv")
    assert done.exit_code == 0, done.exception
    assert list(answers(tmp_path / "out.csv")) == files


def test_a_table_is_read_as_one(text_bundle: Path, tmp_path: Path) -> None:
    for name, content in (("a.txt", "text\ngood\n"), ("b.jsonl", '{"text": "good\\nbad"}\n')):
        (tmp_path / name).write_text(content, encoding="utf-8")
        done = predict(text_bundle, tmp_path / name, "-o", tmp_path / "out.csv")
        assert done.exit_code == 0, done.exception
        head = (tmp_path / "out.csv").read_text(encoding="utf-8-sig").splitlines()[0]
        assert head.startswith("text,prediction")


def test_the_encoding_is_told_or_named(text_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    text = "这是一个很好的水壶,用了两年,我们都很喜欢它\ngood"
    (tmp_path / "in" / "a.txt").write_bytes(text.encode("gb18030"))
    assert predict(text_bundle, tmp_path / "in", "-o", tmp_path / "out.csv").exit_code == 0
    named = ["--set", "encoding=utf-16-le"]
    done = predict(text_bundle, tmp_path / "in", "-o", tmp_path / "out.csv", *named)
    assert isinstance(done.exception, DataError)
    assert "there is no text here; a.txt holds bytes that are no utf-16-le" in str(done.exception)


def test_texts_are_repaired_as_in_training(tmp_path: Path) -> None:
    ftfy = pytest.importorskip("ftfy")
    remark = REMARK.model_copy(update={"grams": (Gram(kind="word", text="schön", weight=9.0),)})
    repairing = FittedMojibake(columns=("text",), version=ftfy.__version__)
    for name, cleaners, answer in (("with", (repairing,), "高"), ("without", (), "低")):
        bundle = write_sign_bundle(tmp_path / name, {"text": remark}, 5, cleaners=cleaners)
        (tmp_path / "a.txt").write_bytes("sehr schÃ¶n".encode())
        assert predict(bundle, tmp_path / "a.txt", "-o", tmp_path / "out.csv").exit_code == 0
        assert answers(tmp_path / "out.csv") == {"a.txt": answer}


def test_what_is_no_text_says_what_it_is(text_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(9))
    done = predict(text_bundle, tmp_path / "a.png", "-o", tmp_path / "out.csv")
    assert isinstance(done.exception, DataError)
    assert "there is no text here; a.png is a picture" in str(done.exception)
