"""Versions of models and their aliases, as rows of the catalog.

A version that was deleted keeps its row, with the moment: its number is not given again, and what
it scored and was made from can still be told.  It is no root any more, so the store may collect it.

Every function works in a transaction of its caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.engine import Connection

from stoker.core.errors import ArtifactError
from stoker.core.names import check_name
from stoker.store.lineage import now, to_json
from stoker.store.records import ModelRecord
from stoker.store.tables import ALIASES, MODELS, RUNS

CHAMPION = "champion"
"""The alias that stands for a model when none is named."""


def add_version(
    connection: Connection,
    name: str,
    fingerprint: str,
    metrics: Mapping[str, Any],
    run_number: int | None,
) -> int:
    """The version of a bundle: its own if it has one, else the next."""
    known = connection.execute(
        select(MODELS.c.version)
        .where(
            MODELS.c.name == name,
            MODELS.c.fingerprint == fingerprint,
            MODELS.c.deleted_at.is_(None),
        )
        .order_by(MODELS.c.version.desc())
    ).scalar()
    if known is not None:
        return known
    newest = select(func.max(MODELS.c.version)).where(MODELS.c.name == name)
    version = (connection.execute(newest).scalar() or 0) + 1
    connection.execute(
        insert(MODELS).values(
            name=name,
            version=version,
            fingerprint=fingerprint,
            metrics=to_json(dict(metrics)),
            run=run_number,
            created_at=now(),
        )
    )
    return version


def all_versions(connection: Connection, from_json: Callable[[str], Any]) -> list[ModelRecord]:
    """Every version that there ever was, by name, newest first.

    Args:
        connection: A reading transaction.
        from_json: Reads a cell.
    """
    query = select(MODELS, RUNS.c.id).outerjoin(RUNS, RUNS.c.number == MODELS.c.run)
    query = query.order_by(MODELS.c.name, MODELS.c.version.desc())
    aliases = connection.execute(select(ALIASES).order_by(ALIASES.c.alias)).all()
    return [_as_model(row, aliases, from_json) for row in connection.execute(query)]


def find_version(found: Sequence[ModelRecord], name: str, which: str | int | None) -> ModelRecord:
    """One of all versions that there ever were.

    Args:
        found: All of them, newest first.
        name: Name of the model.
        which: An alias, a version, or None for the newest version.

    Raises:
        ArtifactError: If there is no such model, alias or version, or it was deleted.
    """
    own = [model for model in found if model.name == name]
    there = [model for model in own if model.deleted_at is None]
    wanted = str(which)
    for model in there:
        if which is None or wanted == str(model.version) or wanted in model.aliases:
            return model
    gone = next((model for model in own if wanted == str(model.version)), None)
    if gone is not None and gone.deleted_at is not None:
        day = gone.deleted_at[:10]
        raise ArtifactError(
            f"version {wanted} of {name!r} was deleted on {day}",
            fix="stoker models --deleted tells what it was",
        )
    if not there:
        known = ", ".join(sorted({model.name for model in found if model.deleted_at is None}))
        raise ArtifactError(
            f"no model {name!r}",
            expected=f"one of {known}" if known else None,
            fix=None if known else "stoker run RECIPE makes one",
        )
    listed = [str(model.version) for model in there[:20]]
    listed += [alias for model in there for alias in model.aliases]
    raise ArtifactError(
        f"model {name!r} has no version or alias {wanted!r}",
        expected=f"one of {', '.join(listed)}",
    )


def move_alias(connection: Connection, name: str, alias: str, version: int) -> int | None:
    """Let an alias mean this version; what it meant before.

    Raises:
        RecipeError: If the alias is no safe name.
        ArtifactError: If it is a number.
    """
    check_name(alias, "alias")
    if alias.isdecimal():
        raise ArtifactError(f"alias {alias!r} reads as a version", expected="a name")
    before = drop_alias(connection, name, alias)
    connection.execute(insert(ALIASES).values(name=name, alias=alias, version=version))
    return before


def drop_alias(connection: Connection, name: str, alias: str) -> int | None:
    """Forget an alias; what it meant, or None if it meant nothing."""
    chosen = (ALIASES.c.name == name) & (ALIASES.c.alias == alias)
    before = connection.execute(select(ALIASES.c.version).where(chosen)).scalar()
    connection.execute(delete(ALIASES).where(chosen))
    return before


def mark_deleted(connection: Connection, name: str, version: int) -> None:
    """Write down that a version was deleted."""
    chosen = (MODELS.c.name == name) & (MODELS.c.version == version)
    connection.execute(update(MODELS).where(chosen).values(deleted_at=now()))


def check_no_alias(model: ModelRecord) -> None:
    """Refuse to delete what an alias points to.

    Raises:
        ArtifactError: If one does; it says how to move it.
    """
    if not model.aliases:
        return
    alias = model.aliases[0]
    raise ArtifactError(
        f"version {model.version} of {model.name!r} is {' and '.join(model.aliases)}",
        expected="a version that no alias points to",
        fix=f"move it first: stoker models alias {model.name} {alias} VERSION",
    )


def _as_model(
    row: Row[Any], aliases: Sequence[Row[Any]], from_json: Callable[[str], Any]
) -> ModelRecord:
    return ModelRecord(
        name=row.name,
        version=row.version,
        fingerprint=row.fingerprint,
        metrics=from_json(row.metrics),
        run=row.id,
        created_at=row.created_at,
        aliases=tuple(a.alias for a in aliases if (a.name, a.version) == (row.name, row.version)),
        deleted_at=row.deleted_at,
    )
