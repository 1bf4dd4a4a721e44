"""The delimiter and the encoding of a CSV file, told from its beginning.

A run never guesses them.  Here the guess is written into a recipe, or said in a line, with a word
of the file where the encoding is another one than UTF-8, so that a wrong one is seen.

Cost: 64 kB of the file.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from stoker.core.events import message
from stoker.data.acquire._csv_titles import titles_above, usual_width
from stoker.data.acquire._files import read_head
from stoker.data.acquire._text import likely_encoding

_LOOKED_AT_BYTES = 64 << 10
DELIMITERS = ",;\t|"
"""Those that are told, the first one of equals."""
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


def _said(form: CsvForm, text: str, *, is_guess: bool) -> list[str]:
    """What there is to say of a form that is not the usual one."""
    said = [] if form.delimiter == "," else [f"{_NAMES[form.delimiter]} between fields"]
    if is_guess and form.encoding != "utf-8":
        word = _WORD.search(text)
        said.append(f"encoding {form.encoding}" + (f" ({word[0]!r})" if word else ""))
    return said
