"""The delimiter and the encoding of a CSV file, told from its beginning.

A run never guesses them.  Here the guess is written into a recipe, or said in a line, with a word
of the file where the encoding is another one than UTF-8, so that a wrong one is seen.

Cost: 64 kB of the file.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stoker.core.errors import DataError, Place
from stoker.core.events import message, warning
from stoker.data.acquire._csv_titles import titles_above, usual_width
from stoker.data.acquire._files import read_head
from stoker.data.acquire._text import likely_encoding
from stoker.data.option_text import say_option

_LOOKED_AT_BYTES = 64 << 10
DELIMITERS = ",;\t|"
"""Those that are told, the first one of equals."""
_OTHER_DELIMITERS = ";\t|,"
_WORD = re.compile(r"[^\W\d_]*[^\W\d_\x00-\x7f][^\W\d_]*")
_NAMES = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}


@dataclass(frozen=True)
class CsvForm:
    """What a recipe has to say of a CSV file."""

    delimiter: str = ","
    encoding: str = "utf-8"


def csv_form(path: Path, *, encoding: str | None = None, header_row: int = 1) -> CsvForm:
    """What the beginning of a file tells; a form that is not the usual one is said.

    Args:
        path: The file, plain or gzip.
        encoding: The encoding if it is known; it is not guessed then.
        header_row: Line of the header, from 1.

    Raises:
        DataError: If it is plainly not UTF-8 and nothing tells what else.
    """
    sample, _ = read_head(path, str(path), _LOOKED_AT_BYTES)
    code = encoding or likely_encoding(sample, str(path))
    text = codecs.getincrementaldecoder(code)("replace").decode(sample)
    text = text.split("\n", header_row - 1)[-1]
    form = CsvForm(_delimiter(text, is_tabbed=".tsv" in path.suffixes[-2:]), code)
    said = _said(form, text, is_guess=encoding is None)
    if said:
        message(f"{path.name} is read with {' and '.join(said)}, as it looks")
    return form


def _delimiter(text: str, *, is_tabbed: bool) -> str:
    """What the header shows, or the table below its titles."""
    order = "\t,;|" if is_tabbed else DELIMITERS
    header = text.partition("\n")[0]
    shown = max(order, key=header.count)
    if shown in header and usual_width(text, shown) == header.count(shown) + 1:
        return shown
    titles = {sign: titles_above(text, sign) for sign in order}
    widths = {sign: found.width for sign, found in titles.items() if found is not None}
    return max(widths, key=lambda sign: widths[sign], default=shown)


def delimiter_like(beginning: bytes, delimiter: str, header: Sequence[str]) -> str:
    r"""The delimiter of a file that goes on another one, which its header shows.

    Args:
        beginning: Of the file, in UTF-8.
        delimiter: What the other file is read with.
        header: The names there, as written.

    >>> delimiter_like(b"a;b\n1;2\n", ",", ["a", "b"]), delimiter_like(b"a;c\n", ",", ["a", "b"])
    (';', ',')
    """
    line = beginning.partition(b"\n")[0].decode(errors="replace").rstrip("\r").lstrip("\ufeff")
    if len(header) < 2 or delimiter in line:
        return delimiter
    fits = (sign for sign in DELIMITERS if next(csv.reader([line], delimiter=sign), []) == header)
    return next(fits, delimiter)


def check_single(name: str, delimiter: str, label: str, *, is_first: bool) -> None:
    """Refuse a lone column whose name shows that the delimiter is another one.

    Args:
        name: Of the column.
        delimiter: What the file is read with.
        label: Name of the file.
        is_first: Whether no file was read before it.

    Raises:
        DataError: Saying what to write, or which file to save anew.
    """
    other = next((c for c in _OTHER_DELIMITERS if c != delimiter and c in name), None)
    if other and not is_first:
        raise DataError(
            f"there is only one column, {name!r}, and the files before have {delimiter!r} between "
            "fields and other columns",
            expected="files of the same columns, with one delimiter or each with its own",
            fix=f"give it the header of the others, save it with {delimiter!r}, or leave it out",
            place=Place(label, 1),
        )
    if other or '"' in name or "=" in name:
        raise DataError(
            f"there is only one column, {name!r}",
            expected=f"columns with {delimiter!r} between them",
            fix=say_option("delimiter", other)
            if other
            else "say what stands between fields with the option `delimiter`, or name the column "
            "with `names`",
            place=Place(label, 1),
        )
    if " " in name and delimiter != " ":
        warning(
            f"{label}: only one column, {name!r}; if blanks stand between fields, write "
            f"{say_option('delimiter', ' ')}"
        )


def _said(form: CsvForm, text: str, *, is_guess: bool) -> list[str]:
    """What there is to say of a form that is not the usual one."""
    said = [] if form.delimiter == "," else [f"{_NAMES[form.delimiter]} between fields"]
    if is_guess and form.encoding != "utf-8":
        word = _WORD.search(text)
        said.append(f"encoding {form.encoding}" + (f" ({word[0]!r})" if word else ""))
    return said
