"""The delimiter and the encoding of a CSV file, told from its beginning for a first recipe.

A run never guesses them in silence.  Here the guess is written into the recipe, where it is read,
and a wrong one shows at once, for the target has to be among the columns.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from stoker.data.acquire._files import read_head
from stoker.data.acquire._text import likely_encoding

_LOOKED_AT_BYTES = 64 << 10
_DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class CsvForm:
    """What the recipe has to say of a CSV file."""

    delimiter: str = ","
    encoding: str = "utf-8"

    @property
    def codec(self) -> str:
        """The encoding for Python, which keeps a byte order mark otherwise."""
        return "utf-8-sig" if self.encoding == "utf-8" else self.encoding


def csv_form(path: Path) -> CsvForm:
    """What the beginning of a file tells.

    Raises:
        DataError: If it is plainly not UTF-8 and nothing tells what else.
    """
    sample, _ = read_head(path, str(path), _LOOKED_AT_BYTES)
    encoding = likely_encoding(sample, str(path))
    header = codecs.getincrementaldecoder(encoding)("replace").decode(sample).partition("\n")[0]
    return CsvForm(max(_DELIMITERS, key=header.count), encoding)
