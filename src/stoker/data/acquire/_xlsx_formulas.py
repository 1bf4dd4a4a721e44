"""Formulas of a sheet that have no result; run in a child process, beside `_xlsx_read`.

A spreadsheet keeps the result of a formula beside it.  A program that writes a workbook keeps none,
and such a cell is empty to everybody but a spreadsheet that computes it.

Cost: the unpacked sheet through one regular expression, and nothing where it has no formula.

Source: ECMA-376 part 1, 18.3.1.40, https://ecma-international.org/publications-and-standards/standards/ecma-376/
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

_CELL = re.compile(
    rb"<(?:\w+:)?c\b(?P<said>[^<>]*)>\s*<(?:\w+:)?f\b[^<>]*(?:/>|>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
"""A cell with a formula, and nothing or an empty value behind it."""
_PLACE = re.compile(rb'\br="([A-Z]+)(\d+)"')
_IS_TEXT = re.compile(rb'\bt="str"')
"""An empty text is a result."""
_WORKBOOK = "xl/workbook.xml"
_BLOCK_BYTES = 1 << 20


def without_result(path: Path, sheet: str, header_row: int) -> dict[int, int]:
    """Formulas without a result by column, from 0, in the rows below the header.

    Args:
        path: A workbook that can be read.
        sheet: Name of the sheet.
        header_row: Row in which the names stand, from 1.
    """
    counts: Counter[int] = Counter()
    with zipfile.ZipFile(path) as archive:
        member = _member(archive, sheet)
        for block in _blocks(archive, member) if member else ():
            for cell in _CELL.finditer(block) if b"f" in block else ():
                place = _PLACE.search(cell["said"])
                if place and int(place[2]) > header_row and not _IS_TEXT.search(cell["said"]):
                    counts[_number(place[1])] += 1
    return dict(counts)


def _member(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The file of the archive that holds a sheet; None if the workbook does not say."""
    names = set(archive.namelist())
    links = f"xl/_rels/{posixpath.basename(_WORKBOOK)}.rels"
    if not {_WORKBOOK, links} <= names:
        return None
    root, linked = (_tree(archive, name) for name in (_WORKBOOK, links))
    listed = (one for one in root.iter() if one.tag.endswith("}sheet") and one.get("name") == sheet)
    key = next((v for one in listed for k, v in one.items() if k.endswith("}id")), None)
    targets = {one.get("Id"): one.get("Target", "") for one in linked}
    member = posixpath.normpath(posixpath.join("xl", targets.get(key, ""))).lstrip("/")
    return member if member in names else None


def _tree(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    content = archive.read(name)
    return ElementTree.fromstring(content)  # noqa: S314 - the child's memory and time are limited


def _blocks(archive: zipfile.ZipFile, member: str) -> Iterator[bytes]:
    """A file of the archive, cut behind rows."""
    rest = b""
    with archive.open(member) as file:
        while block := file.read(_BLOCK_BYTES):
            whole, sign, rest = (rest + block).rpartition(b"row>")
            yield whole + sign
    yield rest


def _number(letters: bytes) -> int:
    """The number of a column from 0.

    >>> _number(b"A"), _number(b"Z"), _number(b"AA")
    (0, 25, 26)
    """
    number = 0
    for letter in letters:
        number = 26 * number + letter - ord("A") + 1
    return number - 1
