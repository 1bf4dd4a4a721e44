"""The catalog: what was run, what came of it, and what is called champion.

One database per home (`catalog.sqlite`), or a PostgreSQL database by URL for several machines.  It
holds no data and no weights: if it is lost, the artifacts are still found by their fingerprints.

Each call is one transaction and is durable when it returns.  Looking changes nothing: the first
write creates the database.  Opening one that is up to date takes a third of a second of CPU, nearly
all of it importing SQLAlchemy, so import this module late.

Each subject is a file of this folder with its tables and its verbs; `Catalog` is those that a run
needs.
"""

from __future__ import annotations

from typing import final

from stoker.store.catalog.lineage import Lineage
from stoker.store.catalog.runs import RunLog
from stoker.store.catalog.versions import ModelRecord, ModelVersions


@final
class Catalog(RunLog, ModelVersions, Lineage):
    """Runs, lineage and model versions of one home.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as home:
    ...     catalog = Catalog(home)
    ...     run = catalog.start_run("digits", "version: 1", stoker="0.1.0")
    ...     catalog.finish_run(run, "done")
    ...     catalog.run(run).status, catalog.add_model("digits", "0" * 64, {}, run=run)
    ('done', 1)
    """

    def roots(self, *, without: ModelRecord | None = None) -> set[str]:
        """Artifacts that must be kept: models, runs at work, and the latest run of each recipe.

        Args:
            without: A version that counts as deleted.
        """
        models = {(model.name, model.version): model.fingerprint for model in self.models()}
        if without is not None:
            models.pop((without.name, without.version), None)
        return self.kept_by_runs() | set(models.values())

    def check(self) -> None:
        """Read the whole database and compare its indexes and references.

        Raises:
            ArtifactError: If it is damaged.
        """
        self._database.check()
