"""What the tables of the catalog share, and the table of its revision.

    runs ─┬─< stages            what each execution did, in order      runs.py
          └─< models ─< aliases what came of it, and what is champion  versions.py
    artifacts ─< parents        what was made from what                lineage.py

Tables stand beside the verbs that use them, one file a subject; `all_tables` finds them.  Every
change needs a revision in `migrations/versions`; a test compares the two.  Moments are text in ISO
8601, UTC; the order of runs is their number, so a clock set back does not shuffle them.
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, String, Table

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

REVISION = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""alembic's own table: which revision the others have."""


def all_tables() -> MetaData:
    """The tables of every subject: of every file of this folder."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        importlib.import_module(f"stoker.store.catalog.{module.name}")
    return METADATA
