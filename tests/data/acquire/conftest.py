"""What the tests of sources share: read one source into a dataset, and look at what came out."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stoker.core.events import Silent, listening
from stoker.core.steps import make_step
from stoker.data.acquire import Source
from stoker.data.dataset import Dataset
from stoker.data.read_sources import acquire
from stoker.engine.table_file import read_table


@dataclass
class Acquired:
    """A dataset that was just written."""

    rows: pa.Table
    rejects: list[dict[str, Any]]
    info: dict[str, Any]
    dataset: Dataset

    @property
    def reasons(self) -> list[str]:
        return [reject["reason"] for reject in self.rejects]

    def column(self, name: str) -> list[Any]:
        return self.rows[name].to_pylist()


Acquire = Callable[..., Acquired]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "项目"
    folder.mkdir()
    return folder


@pytest.fixture
def read(project: Path, tmp_path: Path) -> Acquire:
    """Acquire one source (or several) given in the form of a recipe."""
    count = iter(range(1_000))

    def acquire_specs(*specs: object, cache: Path | None = None) -> Acquired:
        folder = tmp_path / f"dataset{next(count)}"
        folder.mkdir()
        sources = [make_step("stoker.data.acquire", spec, Source) for spec in specs]
        info = acquire(sources, folder, project=project, cache=cache or tmp_path / "cache")
        rejects = read_table(folder / "rejects.parquet").to_pylist()
        rows = read_table(folder / "rows.parquet")
        assert info["rows_in"] == rows.num_rows + len(rejects)
        assert rows["_row"].to_pylist() == list(range(rows.num_rows))
        return Acquired(rows, rejects, info, Dataset.open(folder))

    return acquire_specs


def tar(path: Path, *members: tuple[str, bytes | str], mode: str = "w:gz") -> Path:
    """A tar file; a member whose content is text is a link to it (`hard`: a hard link)."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]  # mode is one of them
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type = tarfile.SYMTYPE if content != "hard" else tarfile.LNKTYPE
                info.linkname = content if content != "hard" else "/etc/passwd"
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return path


class Told(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.warnings: list[str] = []

    def message(self, text: str) -> None:
        self.messages.append(text)

    def warning(self, text: str) -> None:
        self.warnings.append(text)


@pytest.fixture
def told() -> Iterator[Told]:
    """Everything that is said during the test."""
    keeper = Told()
    with listening(keeper):
        yield keeper
