"""When a version of a model was deleted; its row stays."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the moment; empty for a version that is there."""
    op.add_column("models", sa.Column("deleted_at", sa.String(32)))
