"""Data to begin with: customers of a shop as a table, and pictures of handwritten digits.

Both are real and come with the package (`scripts/make_example.py` made them), so the first minute
needs no data of one's own and no network.  The recipe is the one that `stoker init table` writes.

Customers: 2,357 buyers of a shop for music in 1997, with dates, amounts, gaps and a weekday; who
ordered nothing in the nine months after has `churned`.  The CDNOW sample of P. Fader and B. Hardie
(2001), as the package `lifetimes` (MIT) ships it.  Digits: 600 pictures of the UCI Optical
Recognition of Handwritten Digits (E. Alpaydin and C. Kaynak, CC BY 4.0), twice as wide.

Cost: 160 kB of the package, 600 small files.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from PIL import Image

from stoker.cli.starters import fill_table
from stoker.core.errors import DataError
from stoker.store.durable import machine_errors

CUSTOMERS, PHOTOS, TARGET = "customers.csv", "photos", "churned"
_FOLDER = Path(__file__).with_name("templates")
_SIDE, _IN_A_ROW, _LARGER = 8, 30, 2
_CREDIT = """\
# Real customers of an online shop for music, 1997: what they did in nine months, and whether they
# ordered again in the nine months after.  Source: the CDNOW sample, Fader and Hardie (2001).
"""


def write_example(folder: Path, project: Path) -> str:
    """Write the data into a folder, and give the recipe of the table.

    Args:
        folder: Where `customers.csv` and `photos/` appear.
        project: Folder of the recipe, where its relative paths start.

    Raises:
        DataError: If one of them is there already.
        MachineError: If the disk refuses.
    """
    table, photos = folder / CUSTOMERS, folder / PHOTOS
    for path in (table, photos):
        if path.exists():
            raise DataError(
                f"{path} is there already",
                expected=f"a folder without {CUSTOMERS} and {PHOTOS}/, which are written",
                fix="stoker init example ANOTHER-FOLDER",
            )
    with machine_errors(f"write {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_FOLDER / CUSTOMERS, table)
        _write_photos(photos)
    return _CREDIT + fill_table(table, TARGET, project)


def _write_photos(folder: Path) -> None:
    """One PNG file a digit, in a folder for each label."""
    labels = (_FOLDER / "digits.txt").read_text(encoding="ascii").strip()
    size = _SIDE * _LARGER
    with Image.open(_FOLDER / "digits.png") as sheet:
        for number, label in enumerate(labels):
            row, column = divmod(number, _IN_A_ROW)
            left, top = _SIDE * column, _SIDE * row
            tile = sheet.crop((left, top, left + _SIDE, top + _SIDE))
            (folder / label).mkdir(parents=True, exist_ok=True)
            picture = tile.resize((size, size), Image.Resampling.BICUBIC)
            picture.save(folder / label / f"{number:04}.png")
