"""Excel workbooks, written by hand: the tests need no library that writes them."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from xml.sax.saxutils import escape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_DAY, _MOMENT, _TIME, _SPAN = 14, 22, 21, 46
"""Numbers of Excel's own formats."""
_STYLES = [0, _DAY, _MOMENT, _TIME, _SPAN]

Rows = Sequence[Sequence[object]]


class Error(str):
    """A cell that holds an error, such as `#N/A`."""


class Formula(str):
    """A cell with a formula and no result, as programs write it."""


def write_workbook(
    path: Path,
    sheets: Mapping[str, Rows],
    *,
    hidden: Sequence[str] = (),
    merged: Sequence[str] = (),
) -> Path:
    """Write a workbook.

    Args:
        path: File to create.
        sheets: Cells of each sheet, row by row; None is an empty cell.
        hidden: Sheets that are hidden.
        merged: Ranges of the first sheet whose cells are merged, such as `A1:B1`.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _parts(sheets, hidden).items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{content}')
        for number, rows in enumerate(sheets.values(), 1):
            ranges = merged if number == 1 else ()
            archive.writestr(f"xl/worksheets/sheet{number}.xml", _sheet(rows, ranges))
    return path


def _parts(sheets: Mapping[str, Rows], hidden: Sequence[str]) -> dict[str, str]:
    numbers = range(1, len(sheets) + 1)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{kind}.worksheet+xml"/>'
        for n in numbers
    )
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{n}" r:id="r{n}"'
        + ' state="hidden"' * (name in hidden)
        + "/>"
        for n, name in zip(numbers, sheets, strict=True)
    )
    related = "".join(
        f'<Relationship Id="r{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    formats = "".join(f'<xf numFmtId="{number}" applyNumberFormat="1"/>' for number in _STYLES)
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>{types}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        f"<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{related}'
        f'<Relationship Id="s" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><cellXfs count="{len(_STYLES)}">{formats}'
        "</cellXfs></styleSheet>",
    }


def _sheet(rows: Rows, merged: Sequence[str]) -> str:
    body = "".join(
        f'<row r="{line}">{"".join(_cell(line, i, cell) for i, cell in enumerate(row))}</row>'
        for line, row in enumerate(rows, 1)
    )
    ranges = "".join(f'<mergeCell ref="{one}"/>' for one in merged)
    ranges = f'<mergeCells count="{len(merged)}">{ranges}</mergeCells>' if merged else ""
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{body}</sheetData>{ranges}</worksheet>'


def _cell(line: int, index: int, cell: object) -> str:
    if cell is None:
        return ""
    place = f'r="{chr(65 + index)}{line}"'
    if isinstance(cell, Error):
        return f'<c {place} t="e"><v>{cell}</v></c>'
    if isinstance(cell, Formula):
        return f"<c {place}><f>{escape(cell)}</f><v></v></c>"
    if isinstance(cell, str):
        return f'<c {place} t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
    if isinstance(cell, bool):
        return f'<c {place} t="b"><v>{int(cell)}</v></c>'
    number, style = _number(cell)
    return f'<c {place} s="{_STYLES.index(style)}"><v>{number!r}</v></c>'


def _number(cell: object) -> tuple[float, int]:
    """The number under which Excel keeps a cell, and its format."""
    if isinstance(cell, datetime):
        return (cell - datetime(1899, 12, 30)) / timedelta(days=1), _MOMENT
    if isinstance(cell, date):
        return (cell - date(1899, 12, 30)).days, _DAY
    if isinstance(cell, time):
        return (cell.hour * 60 + cell.minute) / 1440, _TIME
    if isinstance(cell, timedelta):
        return cell / timedelta(days=1), _SPAN
    assert isinstance(cell, int | float)
    return cell, 0
