"""Sources that each break one promise, and the sound one that they were made from."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from stoker.core.steps import step_name
from stoker.data.acquire import Source, SourceColumn
from stoker.data.extent import SourceExtent
from stoker.data.reading import Reading
from stoker.data.text_cells import TextCells

CHUNK = 1_000


class Pairs(Source):
    """Lines `name|cell` of every file `*.pairs`."""

    def files(self, project: Path, cache: Path) -> list[Path]:
        return sorted(project.glob("*.pairs"))

    def seen_columns(self, project: Path, cache: Path) -> tuple[SourceColumn, ...] | None:
        return SourceColumn("name"), SourceColumn("cell")

    def text_cells(self) -> TextCells | None:
        return TextCells(missing=())

    def read_rows(self, reading: Reading) -> Iterator[pa.Table]:
        for path in self.files(reading.project, reading.cache):
            label = reading.label(path)
            records = list(self.records(path, label, reading))
            for start in range(0, len(records), CHUNK):
                yield self.table(label, records[start : start + CHUNK])

    def records(self, path: Path, label: str, reading: Reading) -> Iterator[tuple[int, str, str]]:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            name, between, cell = line.partition("|")
            if between:
                yield number, name, self.cell(cell)
            else:
                self.reject(reading, label, number, line)

    def cell(self, text: str) -> str:
        return text

    def reject(self, reading: Reading, label: str, number: int, line: str) -> None:
        reading.rejects.add(
            source=label,
            line=number,
            column=None,
            found=line,
            reason="has no |",
            step=step_name(self),
        )

    def table(self, label: str, records: list[tuple[int, str, str]]) -> pa.Table:
        lines, names, cells = zip(*records, strict=True)
        own = {"name": pa.array(names), "cell": pa.array(cells)}
        return pa.table(
            {"_source": pa.repeat(label, len(lines)), "_line": pa.array(lines, pa.int64())} | own
        )


class DropsTheBad(Pairs):
    def reject(self, reading: Reading, label: str, number: int, line: str) -> None:
        pass


class ReadsTheFirstChunk(Pairs):
    def read_rows(self, reading: Reading) -> Iterator[pa.Table]:
        yield next(super().read_rows(reading))


class OneLineForAll(Pairs):
    def table(self, label: str, records: list[tuple[int, str, str]]) -> pa.Table:
        return super().table(label, [(1, name, cell) for _, name, cell in records])


class RejectsAnotherFile(Pairs):
    def reject(self, reading: Reading, label: str, number: int, line: str) -> None:
        super().reject(reading, "another", number, line)


class RejectsNoLine(Pairs):
    def reject(self, reading: Reading, label: str, number: int, line: str) -> None:
        reading.rejects.add(
            source=label, line=None, column=None, found=line, reason="bad", step="pairs"
        )


class ABillionExactly(Pairs):
    def extent(self, project: Path, cache: Path) -> SourceExtent:
        return SourceExtent(10**9, exact=True, size_bytes=1, num_files=1, num_columns=2)


class ABillionOrSo(Pairs):
    def extent(self, project: Path, cache: Path) -> SourceExtent:
        return SourceExtent(10**9, exact=False, size_bytes=1, num_files=1, num_columns=2)


class SeesAnotherColumn(Pairs):
    def seen_columns(self, project: Path, cache: Path) -> tuple[SourceColumn, ...] | None:
        return *(super().seen_columns(project, cache) or ()), SourceColumn("nothing")


class SeesTooFew(Pairs):
    def seen_columns(self, project: Path, cache: Path) -> tuple[SourceColumn, ...] | None:
        return (SourceColumn("name"),)


class Evaluates(Pairs):
    def cell(self, text: str) -> str:
        return str(sum(map(int, text.split("+")))) if "+" in text else text


class ReadsOtherwise(Pairs):
    def text_cells(self) -> TextCells | None:
        return TextCells(missing=("7",))


class Shuffles(Pairs):
    def files(self, project: Path, cache: Path) -> list[Path]:
        found = super().files(project, cache)
        random.shuffle(found)
        return found


class FollowsFromNothing(Pairs):
    def files(self, project: Path, cache: Path) -> list[Path]:
        return []

    def read_rows(self, reading: Reading) -> Iterator[pa.Table]:
        for path in sorted(reading.project.glob("*.pairs")):
            label = reading.label(path)
            yield self.table(label, list(self.records(path, label, reading)))
