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


def csv_form(path: Path, *, encoding: str | None = None) -> CsvForm:
    """What the beginning of a file tells; a form that is not the usual one is said.

    Args:
        path: The file, plain or gzip.
        encoding: The encoding if it is known; it is not guessed then.

    Raises:
        DataError: If it is plainly not UTF-8 and nothing tells what else.
    """
    sample, _ = read_head(path, str(path), _LOOKED_AT_BYTES)
    code = encoding or likely_encoding(sample, str(path))
    text = codecs.getincrementaldecoder(code)("replace").decode(sample)
    is_tabbed = ".tsv" in path.suffixes[-2:]
    header = text.partition("\n")[0]
    form = CsvForm(max("\t,;|" if is_tabbed else DELIMITERS, key=header.count), code)
    said = _said(form, text, is_guess=encoding is None)
    if said:
        message(f"{path.name} is read with {' and '.join(said)}, as it looks")
    return form


def _said(form: CsvForm, text: str, *, is_guess: bool) -> list[str]:
    """What there is to say of a form that is not the usual one."""
    said = [] if form.delimiter == "," else [f"{_NAMES[form.delimiter]} between fields"]
    if is_guess and form.encoding != "utf-8":
        word = _WORD.search(text)
        said.append(f"encoding {form.encoding}" + (f" ({word[0]!r})" if word else ""))
    return said
