"""Read pictures: a folder for each class, or a table that names the files.

In a tree of folders the first level is the class, and everything inside it, at any depth, belongs
to it.  With `table`, a CSV file has a column of paths, and its other columns become columns of the
dataset.

Every file is a row or a reject, in the order of names.  What a file is, its first bytes say, not
its ending.  Hidden files (a leading dot) and the leavings of desktops (`Thumbs.db`, `desktop.ini`)
are neither row nor reject, and so are files that are plainly something else by name and contents
(`notes.txt`, `README.md`), which are told.  Symbolic links are not followed unless asked for.
Labels are put into Unicode form NFC, so that one name typed on two systems is one class.

Cost: reading and hashing each file once; pictures are not decoded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from pydantic import model_validator

from stoker.cells import MediaKind
from stoker.cells.image_formats import MOST_PIXELS, BadImageError
from stoker.cells.pixels import look
from stoker.core.errors import DataError, Place
from stoker.core.events import message, warning
from stoker.data.acquire import Source, SourceColumn
from stoker.data.acquire._files import kind_of, require_regular
from stoker.data.acquire._sampled import spread
from stoker.data.acquire.csv import Csv
from stoker.data.extent import PictureShape, SourceExtent, size_of
from stoker.data.file_tree import (
    Found,
    Walk,
    bare_in_words,
    file_problem,
    others_in_words,
    shown,
    twins,
    walk_classes,
)
from stoker.data.media import MediaWriter
from stoker.data.picture_files import no_picture, read_picture
from stoker.data.reading import Reading

if TYPE_CHECKING:
    from stoker.data.text_cells import TextCells

_ROWS = 4_096
_MOST_LOOKS = 12
"""Pictures whose size is looked at before a run."""


class Images(Source):
    """Pictures in folders named after their class, or named by a table."""

    path: str = "."
    """Folder of the class folders; with `table`, where its relative paths start."""
    table: str | None = None
    """CSV file that names the pictures, with a header."""
    path_column: str = "path"
    """Column of the table that holds the paths."""
    image_column: str = "image"
    """Name of the column of pictures."""
    label_column: str = "label"
    """Name of the column of classes (class folders only)."""
    follow_links: bool = False
    """Whether symbolic links are followed."""

    @model_validator(mode="after")
    def _names_differ(self) -> Images:
        if self.image_column == self.label_column and self.table is None:
            raise ValueError(f"image_column and label_column are both {self.image_column!r}")
        return self

    def paths(self) -> tuple[str, ...]:
        """The folder, and the table if there is one."""
        return (self.path,) if self.table is None else (self.path, self.table)

    def text_cells(self) -> TextCells | None:
        """Those of the table, if there is one."""
        return Csv(path=self.table).text_cells() if self.table else None

    def media(self) -> Mapping[str, MediaKind]:
        """The column of pictures."""
        return {self.image_column: "image"}

    def files(self, project: Path, cache: Path) -> list[Path]:
        """All pictures that will be read, and the table if there is one."""
        root = self._root(project)
        if self.table is None:
            return self._sound(self._tree(root).found)
        table = project / self.table
        require_regular(table, self.table)
        named = {root / name for name in self._listed(project, cache) if name}
        sound = [p for p in named if not file_problem(p, follow_links=self.follow_links)]
        return [table, *sorted(sound)]

    def seen_columns(self, project: Path, cache: Path) -> tuple[SourceColumn, ...] | None:
        """Pictures and classes; those of a table are known when it was read."""
        if self.table is not None:
            return None
        image = SourceColumn(self.image_column, type="int64", media="image")
        return image, SourceColumn(self.label_column, type="string")

    def extent(self, project: Path, cache: Path) -> SourceExtent:
        """One row a file, and the commonest size of a few."""
        files = self.files(project, cache)
        pictures = files if self.table is None else files[1:]
        sizes: Counter[PictureShape] = Counter()
        for index in spread(len(pictures), _MOST_LOOKS):
            try:
                seen = look(pictures[index].read_bytes(), MOST_PIXELS)
            except BadImageError:
                continue
            sizes[1 if seen.grey else 3, seen.height, seen.width] += 1
        return replace(
            size_of(files),
            rows=len(pictures),
            exact=True,
            picture=sizes.most_common(1)[0][0] if sizes else None,
            encoded=True,
            classes=len({path.parent for path in files}) if self.table is None else None,
        )

    def read_rows(self, reading: Reading) -> Iterator[pa.Table]:
        """One row a picture; with a table, `_source` and `_line` are those of the table.

        Raises:
            DataError: If the folder or the table is missing, or holds nothing.
        """
        if self.table is not None:
            yield from self._read_table(reading)
            return
        found, others, bare = self._tree(self._root(reading.project))
        if bare:
            warning(f"images: {bare_in_words([reading.label(path) for path in bare], 'picture')}")
        if others:
            named = others_in_words([reading.label(path) for path in others], "picture")
            message(f"images: left out {named}")
        for path in twins(found):
            warning(f"{reading.label(path)}: another name differs only in the form of a letter")
        for start in range(0, len(found), _ROWS):
            rows = [
                (reading.label(file.path), number, file.label)
                for file in found[start : start + _ROWS]
                if (number := self._add(file, reading)) is not None
            ]
            if rows:
                yield self._as_table(rows)

    def _as_table(self, rows: list[tuple[str, int, str]]) -> pa.Table:
        sources, numbers, labels = zip(*rows, strict=True)
        return pa.table(
            {
                "_source": pa.array(sources, pa.string()),
                "_line": pa.repeat(pa.scalar(1, pa.int64()), len(rows)),
                self.image_column: pa.array(numbers, pa.int64()),
                self.label_column: pa.array(labels, pa.string()),
            }
        )

    def _add(self, file: Found, reading: Reading) -> int | None:
        """The number of a picture, or None after it was rejected."""
        content, problem = b"", file.problem
        if not problem:
            content, problem = read_picture(file.path, follow_links=self.follow_links)
        if not problem:
            return reading.media.add(content)
        reading.rejects.add(
            source=reading.label(file.path),
            line=None,
            column=self.image_column,
            found=shown(content),
            reason=problem,
            step="images",
        )
        return None

    def _root(self, project: Path) -> Path:
        root = project / self.path
        kind = kind_of(root, self.path)
        if kind != "a folder":
            raise DataError(
                f"is {kind}" if kind else "no such folder",
                expected="a folder; relative paths start at the recipe's folder",
                place=Place(self.path),
            )
        return root

    def _tree(self, root: Path) -> Walk:
        walk = walk_classes(
            root,
            no_picture(follow_links=self.follow_links),
            follow_links=self.follow_links,
        )
        if not walk.found:
            names = [path.name for path in walk.others]
            others = f" but {others_in_words(names, 'picture')}" if names else ""
            raise DataError(
                f"there is nothing in this folder{others}",
                expected="a folder for each class, with pictures in it",
                place=Place(self.path),
            )
        return walk

    def _sound(self, found: list[Found]) -> list[Path]:
        """The files that can be read, as far as that is known without opening them."""
        sound = [one.path for one in found if not one.problem]
        if not sound:
            raise DataError(
                f"nothing in this folder can be read; the first entry {found[0].problem}",
                expected="a folder for each class, with pictures in it",
                place=Place(self.path),
            )
        return sound

    def _listed(self, project: Path, cache: Path) -> Iterator[str | None]:
        """Every path in the table; what is wrong with the table is told when it is read."""
        looking = Reading(project, cache, MediaWriter(project))
        for table in Csv(path=self.table or "").read_rows(looking):
            yield from self._path_cells(table)

    def _path_cells(self, table: pa.Table) -> list[str | None]:
        if self.path_column not in table.column_names:
            own = [name for name in table.column_names if name[0] != "_"]
            raise DataError(
                f"the table has no column {self.path_column!r}",
                expected=f"one of {', '.join(own)}",
                fix="name it with the option `path_column`",
                place=Place(self.table, 1),
            )
        return table[self.path_column].to_pylist()

    def _read_table(self, reading: Reading) -> Iterator[pa.Table]:
        root = self._root(reading.project)
        for table in Csv(path=self.table or "").read_rows(reading):
            lines = zip(
                self._path_cells(table),
                table["_source"].to_pylist(),
                table["_line"].to_pylist(),
                strict=True,
            )
            numbers = [self._add_named(name, root, place, reading) for name, *place in lines]
            rows = self._with_pictures(table, numbers)
            good = rows.filter(rows[self.image_column].is_valid())
            if good.num_rows:
                yield good

    def _with_pictures(self, table: pa.Table, numbers: list[int | None]) -> pa.Table:
        if self.image_column in table.column_names and self.image_column != self.path_column:
            raise DataError(
                f"the table already has a column {self.image_column!r}",
                expected="another name for the column of pictures",
                fix="set the option `image_column`",
                place=Place(self.table, 1),
            )
        position = table.column_names.index(self.path_column)
        return table.set_column(position, self.image_column, pa.array(numbers, pa.int64()))

    def _add_named(
        self, name: str | None, root: Path, place: list[str | int], reading: Reading
    ) -> int | None:
        """The number of a picture that a table names, or None after the row was rejected."""
        content, problem = b"", "no path is given"
        if name:
            refused = file_problem(root / name, follow_links=self.follow_links)
            if refused is None:
                content, refused = read_picture(root / name, follow_links=self.follow_links)
            if refused is None:
                return reading.media.add(content)
            problem = f"the file {refused}"
        source, line = place
        reading.rejects.add(
            source=str(source),
            line=int(line),
            column=self.path_column,
            found=name,
            reason=problem,
            step="images",
        )
        return None
