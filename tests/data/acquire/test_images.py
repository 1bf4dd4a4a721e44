from __future__ import annotations

import io
import os
import unicodedata
from pathlib import Path

import pytest
from PIL import Image

from stoker.core import events
from stoker.core.errors import DataError
from stoker.data.acquire.images import Images
from tests.data.acquire.conftest import Acquire, Told

SPEC = {"images": {"path": "pictures"}}


def picture(shade: int, kind: str = "PNG", mode: str = "L") -> bytes:
    stream = io.BytesIO()
    Image.new(mode, (3, 2), shade).save(stream, kind)
    return stream.getvalue()


@pytest.fixture
def folder(project: Path) -> Path:
    for label, shade in (("cat", 1), ("dog", 2)):
        (project / "pictures" / label).mkdir(parents=True)
        (project / "pictures" / label / "1.png").write_bytes(picture(shade))
    return project / "pictures"


class Listening(events.Silent):
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warning(self, text: str) -> None:
        self.warnings.append(text)


def test_the_first_folder_is_the_class_and_the_order_is_that_of_names(
    read: Acquire, folder: Path
) -> None:
    (folder / "cat" / "deep" / "er").mkdir(parents=True)
    (folder / "cat" / "deep" / "er" / "2.jpg").write_bytes(picture(3, "JPEG"))
    (folder / "猫").mkdir()
    (folder / "猫" / "三毛.webp").write_bytes(picture(4, "WEBP", "RGB"))
    result = read(SPEC)
    assert result.column("label") == ["cat", "cat", "dog", "猫"]
    assert result.column("_source")[1] == "pictures/cat/deep/er/2.jpg"
    assert result.column("_source")[3] == "pictures/猫/三毛.webp"
    assert result.info["media"] == {"image": "image"}
    bytes_of_rows = result.dataset.raw_rows(result.rows)["image"].to_pylist()
    assert bytes_of_rows[1] == picture(3, "JPEG")


def test_equal_pictures_are_stored_once_and_kept_as_rows(read: Acquire, folder: Path) -> None:
    (folder / "dog" / "twin.png").write_bytes(picture(1))
    result = read(SPEC)
    assert result.column("image") == [0, 1, 0]
    assert len(result.dataset.media) == 2


GOOD = {
    "wrong extension": ("a.jpg", picture(5)),
    "no extension": ("a", picture(5)),
    "leading dash": ("-rf.png", picture(5)),
    "newline": ("a\nb.png", picture(5)),
    "255 bytes": ("x" * 251 + ".png", picture(5)),
    "emoji": ("😀.png", picture(5)),
    "dots": ("a..b.png", picture(5)),
    "bmp": ("a.bmp", picture(5, "BMP")),
    "gif": ("a.gif", picture(5, "GIF")),
    "not utf-8": (os.fsdecode(b"\xff\xfe.png"), picture(5)),
}


@pytest.mark.parametrize("case", GOOD)
def test_reads_a_picture_whatever_it_is_called(read: Acquire, folder: Path, case: str) -> None:
    name, content = GOOD[case]
    (folder / "cat" / name).write_bytes(content)
    result = read(SPEC)
    assert result.rows.num_rows == 3
    assert not result.rejects
    assert all(source.startswith("pictures/") for source in result.column("_source"))


BAD = {
    "empty": (b"", "is empty"),
    "web page": (b"<!DOCTYPE html><html>404</html>", "an HTML page"),
    "svg": (b"<?xml version='1.0'?><svg><script>alert(1)</script></svg>", "an SVG drawing"),
    "svg with entity": (b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "XML"),
    "heic": (b"\0\0\0\x18ftypheic" + bytes(20), "ISO media file (heic"),
    "avif": (b"\0\0\0\x18ftypavif" + bytes(20), "ISO media file (avif"),
    "psd": (b"8BPS" + bytes(30), "Photoshop"),
    "eps": (b"%!PS-Adobe", "PostScript"),
    "fpx": (b"\xd0\xcf\x11\xe0" + bytes(30), "FlashPix"),
    "tiff": (b"II*\0" + bytes(30), "magick mogrify -format png"),
    "foreign pnm": (b"P5 2 2 255\n\0\0\0\0", "is not a picture of a known format"),
    "text": (b"labels go here", "is not a picture of a known format"),
}


@pytest.mark.parametrize("case", BAD)
def test_rejects_what_is_no_picture(read: Acquire, folder: Path, case: str) -> None:
    content, reason = BAD[case]
    (folder / "cat" / "x.png").write_bytes(content)
    result = read(SPEC)
    assert result.column("label") == ["cat", "dog"]
    [reject] = result.rejects
    assert reason in reject["reason"]
    assert (reject["source"], reject["column"]) == ("pictures/cat/x.png", "image")


def test_a_file_that_is_too_large_is_not_read(read: Acquire, folder: Path) -> None:
    with (folder / "cat" / "x.png").open("wb") as file:
        file.write(picture(1))
        file.truncate(65 << 20)
    assert "more than 67,108,864" in read(SPEC).reasons[0]


def test_things_that_are_no_files_are_rejected_without_being_opened(
    read: Acquire, folder: Path
) -> None:
    os.mkfifo(folder / "cat" / "pipe.png")
    (folder / "cat" / "link.png").symlink_to(folder / "dog" / "1.png")
    (folder / "cat" / "nowhere.png").symlink_to("gone")
    (folder / "cat" / "loop").symlink_to(folder / "cat")
    (folder / "lost.png").write_bytes(picture(7))
    result = read(SPEC)
    assert result.column("label") == ["cat", "dog"]
    told = {r["source"].rpartition("/")[2]: r["reason"].partition(";")[0] for r in result.rejects}
    assert told == {
        "pipe.png": "is a FIFO, not a file",
        "link.png": "is a symbolic link",
        "nowhere.png": "is a symbolic link",
        "loop": "is a symbolic link",
        "lost.png": "stands in no class folder",
    }


def test_links_are_followed_when_asked_and_loops_end(read: Acquire, folder: Path) -> None:
    (folder / "cat" / "link.png").symlink_to(folder / "dog" / "1.png")
    (folder / "cat" / "loop").symlink_to(folder / "cat")
    (folder / "bird").symlink_to(folder / "dog")
    result = read({"images": {"path": "pictures", "follow_links": True}})
    assert result.column("label") == ["bird", "cat", "cat", "dog"]
    assert result.reasons == ["is a folder inside itself, or too deep"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_an_unreadable_folder_is_a_reject(read: Acquire, folder: Path) -> None:
    (folder / "cat").chmod(0)
    result = read(SPEC)
    (folder / "cat").chmod(0o700)
    assert result.reasons == ["is a folder that cannot be read: Permission denied"]


def test_hidden_files_and_litter_are_no_records(read: Acquire, folder: Path) -> None:
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._1.png"):
        (folder / "cat" / name).write_bytes(b"x")
    (folder / ".git").mkdir()
    (folder / ".git" / "x.png").write_bytes(b"x")
    assert not read(SPEC).rejects


def test_what_is_no_picture_by_name_and_contents_is_left_out_and_told(
    read: Acquire, folder: Path, told: Told
) -> None:
    (folder / "README.md").write_text("# Pictures", encoding="utf-8")
    for name, content in {
        "notiz.txt": b"verwackelt",
        "empty.csv": b"",
        "clip.mp4": b"\0\0\0\x18ftypmp42",
        "LICENSE": b"free",
        "shot.txt": picture(7),  # a picture all the same
        "damaged.jpg": b"not one",
        "scan.tif": b"II*\0",  # pictures too, which are lost
        "a1b2c3": b"<html>404</html>",
    }.items():
        (folder / "dog" / name).write_bytes(content)
    os.mkfifo(folder / "dog" / "pipe.txt")
    result = read(SPEC)
    assert result.column("_source")[-1] == "pictures/dog/shot.txt"
    assert {one["source"].rpartition("/")[2] for one in result.rejects} == {
        "damaged.jpg", "scan.tif", "a1b2c3", "pipe.txt",
    }  # fmt: skip
    assert result.info["rows_in"] == 7
    assert told.messages == [
        "images: left out 5 files that are no pictures: pictures/README.md, pictures/dog/LICENSE, "
        "pictures/dog/clip.mp4, ..."
    ]


def test_a_class_folder_without_pictures_is_told(read: Acquire, folder: Path, told: Told) -> None:
    (folder / "empty" / "deep").mkdir(parents=True)
    (folder / "notes").mkdir()
    (folder / "notes" / "notes.txt").write_bytes(b"verwackelt")
    (folder / "refused").mkdir()
    (folder / "refused" / "scan.tif").write_bytes(b"II*\0")  # a reject says it already
    read(SPEC)
    assert told.warnings == [
        "images: 2 class folders hold no picture, so no row has their labels: "
        "pictures/empty, pictures/notes"
    ]


def test_a_folder_of_other_files_says_what_it_has(read: Acquire, project: Path) -> None:
    (project / "pictures" / "cat").mkdir(parents=True)
    (project / "pictures" / "cat" / "labels.csv").write_text("a,b", encoding="utf-8")
    with pytest.raises(DataError, match=r"nothing in this folder but 1 file .*: labels\.csv"):
        read(SPEC)


def test_one_name_in_two_unicode_forms_is_one_class_with_a_warning(
    read: Acquire, folder: Path
) -> None:
    for form in ("NFC", "NFD"):
        label = folder / unicodedata.normalize(form, "é")
        label.mkdir()
        (label / "1.png").write_bytes(picture(9))
    listener = Listening()
    with events.listening(listener):
        result = read(SPEC)
    assert result.column("label")[2:] == ["\u00e9", "\u00e9"]
    assert len(listener.warnings) == 1


def test_a_class_whose_name_is_not_utf8_is_rejected(read: Acquire, folder: Path) -> None:
    label = folder / os.fsdecode(b"\xff")
    label.mkdir()
    (label / "1.png").write_bytes(picture(9))
    [reject] = read(SPEC).rejects
    assert reject["source"] == "pictures/\\xff/1.png"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda root: None, "no such folder"),
        (lambda root: root.mkdir(), "nothing in this folder"),
        (lambda root: root.write_bytes(b""), "is a file"),
        (lambda root: (root / "empty").mkdir(parents=True), "nothing in this folder"),
    ],
    ids=["absent", "empty", "file", "empty class"],
)
def test_refuses_a_folder_without_pictures(
    read: Acquire, project: Path, make, message: str
) -> None:
    make(project / "pictures")
    with pytest.raises(DataError, match=message):
        read(SPEC)


@pytest.fixture
def table(project: Path, folder: Path) -> Path:
    path = project / "list.csv"
    path.write_text(
        "path,kind,age\ncat/1.png,猫,3\ndog/1.png,犬,\n,x,1\ngone.png,x,1\n../list.csv,x,1\nbad\n",
        encoding="utf-8",
    )
    return path


def test_a_table_names_pictures_and_brings_its_columns(read: Acquire, table: Path) -> None:
    spec = {"images": {"path": "pictures", "table": "list.csv"}}
    result = read(spec)
    assert result.rows.drop_columns(["_row", "_part"]).to_pylist() == [
        {"_source": "list.csv", "_line": 2, "image": 0, "kind": "猫", "age": "3"},
        {"_source": "list.csv", "_line": 3, "image": 1, "kind": "犬", "age": None},
    ]
    assert {(r["line"], r["reason"]) for r in result.rejects} == {
        (4, "no path is given"),
        (5, "the file cannot be read: No such file or directory"),
        (
            6,
            "the file is not a picture of a known format; allowed are JPEG, PNG, WebP, BMP and GIF",
        ),
        (7, "is too short: 1 fields where 3 are expected"),
    }


def test_the_path_column_of_a_table_can_be_named(read: Acquire, table: Path) -> None:
    table.write_text("file,image\ncat/1.png,x\n")
    with pytest.raises(DataError, match="no column 'path'") as caught:
        read({"images": {"path": "pictures", "table": "list.csv"}})
    assert "one of file, image" in str(caught.value)
    with pytest.raises(DataError, match="already has a column 'image'"):
        read({"images": {"path": "pictures", "table": "list.csv", "path_column": "file"}})
    named = {"path_column": "file", "image_column": "picture"}
    result = read({"images": {"path": "pictures", "table": "list.csv", **named}})
    assert result.column("picture") == [0]
    assert result.column("image") == ["x"]


def test_a_folder_of_links_only_is_refused_before_it_is_read(
    read: Acquire, folder: Path, project: Path
) -> None:
    (project / "links").mkdir()
    (project / "links" / "cat").symlink_to(folder / "cat")
    source = Images(path="links")
    with pytest.raises(DataError, match="is a symbolic link; set `follow_links: true`"):
        source.files(project, project)
    assert read({"images": {"path": "links", "follow_links": True}}).column("label") == ["cat"]
