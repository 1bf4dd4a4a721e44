"""What was made from what, as rows of the catalog.

Rows stay when an artifact is collected, so the history of a model can be told longer than its data
are kept.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, insert, select
from sqlalchemy.engine import Connection

from stoker.store.records import Ancestor
from stoker.store.tables import ARTIFACTS, PARENTS

if TYPE_CHECKING:
    from stoker.store.manifest import Manifest


def record_artifact(connection: Connection, manifest: Manifest) -> None:
    """Write down an artifact and its parents; one that is known already stays as it is."""
    known = select(exists().where(ARTIFACTS.c.fingerprint == manifest.fingerprint))
    if connection.execute(known).scalar():
        return
    connection.execute(
        insert(ARTIFACTS).values(
            fingerprint=manifest.fingerprint,
            kind=manifest.kind,
            digest=manifest.content,
            size_bytes=manifest.size_bytes,
            summary=to_json(manifest.summary),
            created_at=now(),
        )
    )
    for role, parent in manifest.parents.items():
        connection.execute(
            insert(PARENTS).values(child=manifest.fingerprint, role=role, parent=parent)
        )


def ancestors(
    connection: Connection, fingerprint: str, from_json: Callable[[str], Any]
) -> list[Ancestor]:
    """An artifact and everything it was made from, nearest first, each once.

    Args:
        connection: A reading transaction.
        fingerprint: Where to start.
        from_json: Reads a cell.
    """
    found: list[Ancestor] = []
    seen = {fingerprint}
    waiting: deque[tuple[str, str, str | None, int]] = deque([(fingerprint, "self", None, 0)])
    while waiting:
        one, role, child, depth = waiting.popleft()
        row = connection.execute(select(ARTIFACTS).where(ARTIFACTS.c.fingerprint == one)).first()
        summary = from_json(row.summary) if row else {}
        found.append(Ancestor(one, row.kind if row else None, role, child, depth, summary))
        query = select(PARENTS).where(PARENTS.c.child == one).order_by(PARENTS.c.role)
        for parent in connection.execute(query):
            if parent.parent not in seen:
                seen.add(parent.parent)
                waiting.append((parent.parent, parent.role, one, depth + 1))
    return found


def now() -> str:
    """This moment in ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def to_json(value: object) -> str:
    """The text of a cell that holds a value."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
