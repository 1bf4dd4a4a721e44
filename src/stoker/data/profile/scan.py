"""Read the sources of a table into a temporary folder and profile them, before any run.

`init` and `data show` look at data through the same sources, the same profile and the same
judge as a run, so what they say is what a run does.  Nothing of it is kept.

Cost: that of acquire and profile: some 4 CPU seconds for 300,000 rows of 42 columns, and a
temporary file of about a fifth of the CSV.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stoker.core import events
from stoker.core.errors import DataError, Place
from stoker.data.acquire import Source
from stoker.data.dataset import Dataset
from stoker.data.profile.column import Profile
from stoker.data.profile.measure import profile_table
from stoker.data.read_sources import acquire
from stoker.engine.table_file import read_table

_MOST_BAD = 0.5
"""A file of which more records are bad is hardly the file that was meant."""


@dataclass(frozen=True)
class Scan:
    """What the sources hold, while the temporary folder is there."""

    dataset: Dataset
    profile: Profile


@contextmanager
def scanning(sources: Sequence[Source], project: Path, cache: Path) -> Iterator[Scan]:
    """Read sources into a temporary folder.

    Args:
        sources: What a recipe lists.
        project: Folder where relative paths start.
        cache: Folder for downloads.

    Raises:
        DataError: If a run would refuse to read them.
    """
    with tempfile.TemporaryDirectory(prefix="stoker-scan-") as name:
        folder = Path(name)
        acquire(sources, folder, project=project, cache=cache)
        dataset = Dataset.open(folder)
        _tell_rejects(dataset)
        yield Scan(dataset, profile_dataset(dataset))


def profile_dataset(dataset: Dataset) -> Profile:
    """The profile of all rows of a dataset."""
    return profile_table(
        dataset.rows_path,
        declared=dataset.declared,
        media=dataset.media_columns,
        decimal=dataset.usual_decimal,
    )


def _tell_rejects(dataset: Dataset) -> None:
    """Say how many records cannot be read, and refuse a file that is mostly bad.

    Raises:
        DataError: If at least half of the records cannot be read.
    """
    rejected, rows = dataset.info["rejected"], dataset.info["rows_in"]
    if not rejected:
        return
    first = read_table(dataset.rejects_path).slice(0, 1).to_pylist()[0]
    place = Place(first["source"], first["line"], column=first["column"])
    said = f"{rejected:,} of {rows:,} records cannot be read; the first {first['reason']}"
    if rejected >= _MOST_BAD * rows:
        raise DataError(said, expected="mostly good records", place=place)
    events.warning(f"{place}: {said}")
