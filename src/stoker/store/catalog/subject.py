"""A subject of the catalog: tables, and the verbs that read and write them, in one file.

A subject that the catalog's own verbs do not need is a class of its own, opened by the same home:
its file of this folder has its tables, and a file of `migrations/versions` makes them where an
older catalog is.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stoker.core.names import short
from stoker.core.strict_json import parse_json
from stoker.store.catalog.database import Database


class Subject:
    """Verbs on some tables of the database of a home."""

    def __init__(self, home: Path | str) -> None:
        """Look at the catalog of a home; it need not exist yet.

        Args:
            home: Folder of the home, or the URL of a database such as
                `postgresql+psycopg://user@host/stoker`.

        Raises:
            ArtifactError: If it is damaged or a newer stoker wrote it.
            MachineError: If it cannot be opened.
        """
        is_url = isinstance(home, str) and "://" in home
        self._database = Database(home if is_url else Path(home) / "catalog.sqlite")

    def _value(self, text: str) -> Any:
        """What a cell holds.

        Raises:
            ArtifactError: If it is not JSON.
        """
        try:
            return parse_json(text)
        except ValueError as error:
            self._database.refuse_damaged(f"{short(text)} is not JSON ({error})")


def now() -> str:
    """This moment in ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def to_json(value: object) -> str:
    """The text of a cell that holds a value."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
