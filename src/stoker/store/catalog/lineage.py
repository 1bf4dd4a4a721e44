"""What was made from what, as rows of the catalog.

Rows stay when an artifact is collected, so the history of a model can be told longer than its data
are kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Column, ForeignKey, String, Table, Text, exists, insert, select
from sqlalchemy.engine import Connection

from stoker.core.errors import ArtifactError
from stoker.core.names import short
from stoker.store.catalog.subject import Subject, now, to_json
from stoker.store.catalog.tables import METADATA

if TYPE_CHECKING:
    from stoker.store.manifest import Manifest

ARTIFACTS = Table(
    "artifacts",
    METADATA,
    Column("fingerprint", String(64), primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("summary", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
)

PARENTS = Table(
    "parents",
    METADATA,
    Column(
        "child",
        String(64),
        ForeignKey("artifacts.fingerprint", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("role", String(64), primary_key=True),
    # Not a foreign key: an artifact may be known whose parent came from another home.
    Column("parent", String(64), nullable=False, index=True),
)


@dataclass(frozen=True)
class Ancestor:
    """An artifact that another was made from."""

    fingerprint: str
    kind: str | None
    """None if the catalog never saw it."""
    role: str
    """What it was to the child, such as `rows`; `self` for the one that was asked about."""
    child: str | None
    depth: int
    """Steps back, 0 for the one that was asked about."""
    summary: dict[str, Any]


class Lineage(Subject):
    """What the artifacts of a home were made from."""

    def lineage(self, fingerprint: str) -> list[Ancestor]:
        """An artifact and everything it was made from, nearest first.

        Raises:
            ArtifactError: If the catalog does not know the artifact.
        """
        with self._database.reading() as connection:
            found = ancestors(connection, fingerprint, self._value)
        if len(found) == 1 and found[0].kind is None:
            raise ArtifactError(f"the catalog knows no artifact {short(fingerprint)}")
        return found


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
