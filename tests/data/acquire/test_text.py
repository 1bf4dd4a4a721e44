# ruff: noqa: RUF001 - Chinese texts have Chinese commas
"""Texts in folders: plain, Markdown, HTML and PDF, one row or one reject each."""

from __future__ import annotations

import gzip
import os
import random
import signal
import unicodedata
from pathlib import Path

import pytest

from stoker.core.errors import DataError, MissingExtraError
from stoker.data.acquire import _document_read
from stoker.data.acquire import text as text_source
from stoker.data.acquire.text import TextFiles
from tests.data.acquire.conftest import Acquire, Told

SPEC = {"text": {"path": "texts"}}
PAGE = """<!DOCTYPE html><html><head><title>Kettle</title><style>p {color: red}</style></head><body>
<nav><a href="/">Home</a> <a href="/shop">Shop</a> <a href="/help">Help</a></nav>
<article><h1>A kettle that lasts</h1>
<p>The kettle boils a litre of water in three minutes and has done so for two years.</p>
<p>它烧开水很快，用了两年也没有坏，我会再买一个。</p></article>
<footer>Imprint, cookies, and how to reach us</footer><script>var hidden = 1</script></body></html>
"""


def pdf(*lines: str) -> bytes:
    """A document of one page."""
    shown = " ".join(f"({line}) Tj T*" for line in lines)
    stream = f"BT /F1 12 Tf 14 TL 72 720 Td {shown} ET".encode("ascii")
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    whole, starts = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        starts.append(len(whole))
        whole += b"%d 0 obj%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % start for start in starts)
    return whole + (
        b"xref\n0 6\n0000000000 65535 f \n%strailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
        % (table, len(whole))
    )


@pytest.fixture
def folder(project: Path) -> Path:
    for label, said in (("bad", "it broke"), ("good", "it lasts")):
        (project / "texts" / label).mkdir(parents=True)
        (project / "texts" / label / "1.txt").write_text(said, encoding="utf-8")
    return project / "texts"


def test_the_first_folder_is_the_class_and_the_order_is_that_of_names(
    read: Acquire, folder: Path
) -> None:
    (folder / "bad" / "deep" / "er").mkdir(parents=True)
    (folder / "bad" / "deep" / "er" / "2.md").write_bytes(b"# It\r\n\r\n* broke")
    (folder / "好评").mkdir()
    (folder / "好评" / "一").write_text("用了两年", encoding="utf-8")
    result = read(SPEC)
    assert result.column("label") == ["bad", "bad", "good", "好评"]
    assert result.column("text") == ["it broke", "# It\n\n* broke", "it lasts", "用了两年"]
    assert result.column("_source")[1] == "texts/bad/deep/er/2.md"
    assert not result.rejects
    assert not result.dataset.text_cells


MARKS = "a\u200b\u202eb\u2067\ufeffc"
GOOD = {
    "gzip": ("a.txt.gz", gzip.compress("李".encode()), "李"),
    "byte order mark": ("a.txt", b"\xef\xbb\xbf\xe6\x9d\x8e", "李"),
    "utf-16": ("a.txt", "李\r\n".encode("utf-16"), "李\n"),
    "no ending": ("49960", b"From: a@b\n\nhi", "From: a@b\n\nhi"),
    "any ending": ("a.rst", b"Title\n=====", "Title\n====="),
    "called like a picture": ("a.png", b"it is a text", "it is a text"),
    "marks and joiners": ("a.txt", MARKS.encode(), MARKS),
    "beyond the plane": ("a.txt", "𠮷😀\U000e0001".encode(), "𠮷😀\U000e0001"),
    "few controls": ("a.txt", b"x" * 200 + b"\x08", "x" * 200 + "\x08"),
    "angle brackets": ("a.md", b"a <b>bold</b> word", "a <b>bold</b> word"),
    "control tokens": ("a.txt", b"[SEP] <|im_end|>", "[SEP] <|im_end|>"),
}  # fmt: skip


@pytest.mark.parametrize("case", GOOD)
def test_reads_a_text_without_loss(read: Acquire, folder: Path, case: str) -> None:
    name, content, text = GOOD[case]
    (folder / "bad" / name).write_bytes(content)
    result = read(SPEC)
    assert text in result.column("text")
    assert not result.rejects


BAD = {
    "empty": ("a.txt", b"", "is empty"),
    "blanks": ("a.txt", b" \n\t\xc2\xa0\n", "holds nothing but blanks"),
    "empty when unpacked": ("a.txt.gz", gzip.compress(b""), "is empty"),
    "cut gzip": ("a.txt.gz", gzip.compress(b"a" * 99)[:-9], "is a damaged gzip file"),
    "picture": ("a.txt", b"\x89PNG\r\n\x1a\n" + bytes(9), "is a picture"),
    "word": ("a.docx", b"PK\x03\x04" + bytes(99), "as Word, OpenDocument and EPUB files are"),
    "old word": ("a.doc", b"\xd0\xcf\x11\xe0" + bytes(99), "is an old Office file"),
    "rtf": ("a.rtf", b"{\\rtf1 hello}", "is an RTF document"),
    "program": ("a", b"\x7fELF" + bytes(99), "is a program"),
    "nuls": ("a.txt", b"ab\0c\0d\0\0e" * 9, "no text: it holds NUL bytes"),
    "one nul": ("a.txt", b"a" * 999 + b"\0", "1 of 1,000 characters are control characters"),
    "noise": ("a.txt", random.Random(0).randbytes(2_000).replace(b"\0", b""), "not UTF-8 text"),
    "controls": ("a.txt", bytes(range(1, 32)) * 9, "is no text: 225 of 279 characters"),
    "gbk": (
        "a.txt",
        "这是一个很好的水壶，用了两年。\n我们都很喜欢它。".encode("gb18030"),
        "not UTF-8 text: 1 of the first 1 lines are not; encoding: gb18030 in a recipe",
    ),
    "utf-16 without a mark": (
        "a.txt",
        "plain words".encode("utf-16-le"),
        "encoding: utf-16-le in a recipe",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_rejects_what_is_no_text(read: Acquire, folder: Path, case: str) -> None:
    name, content, reason = BAD[case]
    (folder / "bad" / name).write_bytes(content)
    result = read(SPEC)
    assert result.column("text") == ["it broke", "it lasts"]
    [reject] = result.rejects
    assert reason in reject["reason"]
    assert (reject["source"], reject["column"]) == (f"texts/bad/{name}", "text")


def test_a_broken_byte_is_a_reject_with_its_line(read: Acquire, folder: Path) -> None:
    (folder / "bad" / "a.txt").write_bytes("好\n好\n".encode() + b"x\xff\n" + "好".encode())
    [reject] = read(SPEC).rejects
    assert reject["line"] == 3
    assert reject["reason"] == "holds bytes that are no utf-8 text"


def test_a_file_that_is_too_large_is_not_read(read: Acquire, folder: Path) -> None:
    with (folder / "bad" / "x.txt").open("wb") as file:
        file.truncate(65 << 20)
    (folder / "bad" / "x.txt.gz").write_bytes(gzip.compress(bytes(65 << 20)))
    reasons = read(SPEC).reasons
    assert all("67,108,864" in reason for reason in reasons)
    assert len(reasons) == 2


def test_ten_megabytes_without_a_blank(read: Acquire, folder: Path) -> None:
    whole = "字" * 1_700_000 + "a" * 5_000_000
    (folder / "bad" / "long.txt").write_text(whole, encoding="utf-8")
    is_whole = read(SPEC).column("text")[1] == whole
    assert is_whole


def test_files_in_several_encodings_are_read_where_all_are_named(
    read: Acquire, folder: Path, told: Told
) -> None:
    text = "这是一个很好的水壶"
    for encoding in ("gb18030", "utf-16", "utf-8"):
        (folder / "bad" / f"{encoding}.txt").write_bytes(text.encode(encoding))
    result = read({"text": {"path": "texts", "encoding": ["utf-8", "gb18030"]}})
    assert result.column("text").count(text) == 3
    assert told.messages == ["text: files of several kinds: 3 in utf-8, 1 in gb18030, 1 in utf-16"]


def test_a_named_encoding_is_obeyed(read: Acquire, folder: Path) -> None:
    for path in folder.glob("*/*.txt"):
        path.write_bytes("Käse Ā".encode("utf-16-le"))
    result = read({"text": {"path": "texts", "encoding": "utf-16-le"}})
    assert result.column("text") == ["Käse Ā"] * 2
    with pytest.raises(ValueError, match="unknown encoding 'utf-9'"):
        TextFiles(encoding=("utf-8", "utf-9"))


def test_things_that_are_no_files_are_rejected_without_being_opened(
    read: Acquire, folder: Path
) -> None:
    os.mkfifo(folder / "bad" / "pipe.txt")
    (folder / "bad" / "link.txt").symlink_to(folder / "good" / "1.txt")
    (folder / "lost.txt").write_text("a", encoding="utf-8")
    result = read(SPEC)
    assert result.column("label") == ["bad", "good"]
    assert {r["source"].rpartition("/")[2]: r["reason"][:24] for r in result.rejects} == {
        "pipe.txt": "is a FIFO, not a file",
        "link.txt": "is a symbolic link; set ",
        "lost.txt": "stands in no class folde",
    }
    followed = read({"text": {"path": "texts", "follow_links": True}})
    assert followed.column("text") == ["it broke", "it lasts", "it lasts"]


def test_what_is_plainly_something_else_is_left_out_and_told(
    read: Acquire, folder: Path, told: Told
) -> None:
    (folder / "README.md").write_text("# Texts", encoding="utf-8")
    for name, content in {
        "scan.jpg": b"\xff\xd8\xff",
        "labels.csv": b"a,b",
        "LICENSE": b"free",
        ".hidden.txt": b"x",
        "Thumbs.db": b"x",
        "empty.zip": b"",
    }.items():
        (folder / "good" / name).write_bytes(content)
    result = read(SPEC)
    assert result.info["rows_in"] == 2
    assert told.messages == [
        "text: left out 5 files that are no texts: texts/README.md, texts/good/LICENSE, "
        "texts/good/empty.zip, ..."
    ]


def test_a_class_folder_without_texts_is_told(read: Acquire, folder: Path, told: Told) -> None:
    (folder / "empty").mkdir()
    read(SPEC)
    assert told.warnings == [
        "text: 1 class folder holds no text, so no row has its label: texts/empty"
    ]


def test_one_name_in_two_unicode_forms_is_one_class(
    read: Acquire, folder: Path, told: Told
) -> None:
    for form in ("NFC", "NFD"):
        label = folder / unicodedata.normalize(form, "é")
        label.mkdir()
        (label / "1.txt").write_text(form, encoding="utf-8")
    assert read(SPEC).column("label").count("\u00e9") == 2
    assert len(told.warnings) == 1


def test_without_classes_a_folder_a_file_or_a_pattern(read: Acquire, folder: Path) -> None:
    def texts(path: str) -> list[str]:
        spec = {"path": path, "label_column": None, "path_column": "file"}
        result = read({"text": spec})
        assert set(result.dataset.columns) == {"text", "file"}
        return result.column("file")

    assert texts("texts") == ["bad/1.txt", "good/1.txt"]
    assert texts("texts/bad/1.txt") == ["1.txt"]
    assert texts("texts/*/1.txt") == ["bad/1.txt", "good/1.txt"]
    (folder.parent / "linked").symlink_to(folder / "bad" / "1.txt")
    assert texts("linked") == ["linked"]


def test_main_text_of_pages(read: Acquire, folder: Path, told: Told) -> None:
    pytest.importorskip("trafilatura")
    (folder / "good" / "2.html").write_text(PAGE, encoding="utf-8")
    named = PAGE.replace("<head>", '<head><meta charset="gb2312">')
    (folder / "good" / "3.htm.gz").write_bytes(gzip.compress(named.encode("gb18030")))
    (folder / "good" / "4").write_text("\n" + PAGE, encoding="utf-8")
    texts = read(SPEC).column("text")[2:]
    assert len(texts) == 3
    assert len(set(texts)) == 1
    assert texts[0].startswith("A kettle that lasts\nThe kettle boils")
    assert "用了两年" in texts[0]
    assert not any(word in texts[0] for word in ("Shop", "cookies", "hidden", "color"))
    assert told.messages == ["text: files of several kinds: 3 in HTML, 2 in utf-8"]


def test_a_page_without_a_main_text_is_a_reject_that_says_what_helps(
    read: Acquire, folder: Path
) -> None:
    pytest.importorskip("trafilatura")
    (folder / "good" / "2.html").write_text("<p>fine</p>", encoding="utf-8")
    (folder / "good" / "3.html").write_bytes("<p>好的好的</p>".encode("gb18030"))
    first, second = read(SPEC).reasons
    assert "main text cannot be told; to take all of it: html: all in a recipe" in first
    assert second.startswith("not UTF-8 text")
    whole = read({"text": {"path": "texts", "html": "all"}})
    assert whole.column("text")[2:] == ["fine"]
    assert len(whole.rejects) == 1


def test_all_text_of_a_page_needs_no_library(
    read: Acquire, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_source, "find_spec", lambda name: None)
    (folder / "good" / "2.html").write_text(PAGE, encoding="utf-8")
    with pytest.raises(MissingExtraError, match=r"stoker\[html\]"):
        read(SPEC)
    text = read({"text": {"path": "texts", "html": "all"}}).column("text")[2]
    assert text.splitlines()[:3] == ["Kettle", "Home Shop Help", "A kettle that lasts"]
    assert "hidden" not in text
    (folder / "good" / "3.pdf").write_bytes(pdf("a"))
    with pytest.raises(MissingExtraError, match=r"stoker\[pdf\]"):
        read({"text": {"path": "texts", "html": "all"}})


def test_documents(read: Acquire, folder: Path) -> None:
    pytest.importorskip("pypdf")
    (folder / "bad" / "2.pdf").write_bytes(pdf("It broke", "after a week"))
    (folder / "bad" / "3.txt").write_bytes(pdf("called otherwise"))
    (folder / "bad" / "4.pdf").write_bytes(pdf())
    (folder / "bad" / "5.pdf").write_bytes(pdf("cut off")[:90])
    (folder / "good" / "6.pdf").write_bytes(pdf("after the bad ones"))
    result = read(SPEC)
    assert [text.split("\n")[0].strip() for text in result.column("text")] == [
        "it broke", "It broke", "called otherwise", "it lasts", "after the bad ones",
    ]  # fmt: skip
    assert "after a week" in result.column("text")[1]
    scanned, cut = result.reasons
    assert scanned.startswith("holds no text, as scanned pages do")
    assert cut.startswith("is a damaged PDF document")


def test_a_document_that_its_reader_dies_of_is_a_reject_and_the_next_is_read(
    read: Acquire, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reader = tmp_path / "deadly_reader.py"
    reader.write_text(
        f"import os\nfrom {_document_read.__name__} import *\n"
        f"from {_document_read.__name__} import read_file as sound\n"
        "def read_file(path, **options):\n"
        f"    if path.name == '3.html': os.kill(os.getpid(), {int(signal.SIGSEGV)})\n"
        "    return sound(path, **options)\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setattr("stoker.data.acquire._documents._READER", reader.stem)
    for number in range(2, 5):
        (folder / "good" / f"{number}.html").write_text(f"<p>page {number}", encoding="utf-8")
    result = read({"text": {"path": "texts", "html": "all"}})
    assert result.column("text")[2:] == ["page 2", "page 4"]
    [reject] = result.rejects
    assert "it makes the reader crash" in reject["reason"]
    assert reject["source"] == "texts/good/3.html"


def test_what_is_asked_before_a_run(folder: Path, project: Path, tmp_path: Path) -> None:
    source = TextFiles(path="texts", path_column="file")
    (folder / "good" / "2.txt").write_text("two", encoding="utf-8")
    extent = source.extent(project, tmp_path)
    assert (extent.rows, extent.exact, extent.classes, extent.size_bytes) == (3, True, 2, 19)
    assert [column.name for column in source.seen_columns(project, tmp_path)] == [
        "text", "label", "file",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="columns of one name: a, a"):
        TextFiles(text_column="a", label_column="a")


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
def test_refuses_a_folder_without_texts(read: Acquire, project: Path, make, message: str) -> None:
    make(project / "texts")
    with pytest.raises(DataError, match=message):
        read(SPEC)
