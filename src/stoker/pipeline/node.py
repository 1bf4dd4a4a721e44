"""A node of the run graph: one stage execution as a pure function of artifacts and recipe fields.

The fingerprint of a node is made from the code it runs, its part of the recipe and the *contents*
of its input artifacts, so a stage whose input was rebuilt to equal bytes is not repeated.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from stoker.core.canonical import fingerprint
from stoker.core.steps import Step
from stoker.recipe.model import Recipe
from stoker.store.store import Artifact


@dataclass(frozen=True)
class Work:
    """What a stage gets to do its work with."""

    stage: str
    recipe: Recipe
    fields: Mapping[str, Any]
    """Those of the node."""
    inputs: Mapping[str, Artifact]
    """Verified input artifacts by the name of the stage that made them."""
    folder: Path
    """Draft folder; what is written here becomes the artifact."""
    scratch: Path
    """Folder that survives a kill, for checkpoints; removed when the artifact is published."""
    cache: Path
    """Folder for downloads and other things that can be fetched again."""
    measured: dict[str, Any] = field(default_factory=dict)
    """What a stage measures of itself (times, shares of a peak); kept in the catalog and never in
    the artifact, so that equal work gives equal bytes."""


@dataclass(frozen=True)
class Node:
    """One stage of one recipe."""

    stage: str
    function: str
    """`module:name` of what does the work.  A name and not the function, because a graph that is
    cached needs none of the libraries that working loads."""
    code: tuple[str, ...]
    """Packages and modules whose source takes part in the fingerprint."""
    fields: Mapping[str, Any]
    """The part of the recipe that the stage reads, as JSON values."""
    after: tuple[str, ...] = ()
    """Stages whose artifacts it reads."""
    steps: Sequence[Step] = field(default=())
    """Steps it runs; the source of a user's own steps joins the fingerprint."""

    def fingerprint(self, inputs: Mapping[str, Artifact]) -> str:
        """The name under which this node's artifact is stored.

        Args:
            inputs: Artifacts of every stage in `after`.
        """
        own = sorted({type(s).__module__ for s in self.steps if not _is_ours(s)})
        return fingerprint(
            {
                "stage": self.stage,
                "code": {name: code_version(name) for name in (*self.code, *own)},
                "fields": dict(self.fields),
                "inputs": {name: inputs[name].digest for name in self.after},
            }
        )

    def execute(self, work: Work) -> dict[str, Any]:
        """Fill the draft folder.

        Returns:
            The artifact's summary: small, JSON, without times.
        """
        module, _, name = self.function.partition(":")
        return getattr(importlib.import_module(module), name)(work)


def _is_ours(step: Step) -> bool:
    return type(step).__module__.startswith("stoker.")


@lru_cache
def code_version(name: str) -> str:
    """SHA-256 of the Python source of a package (all its modules) or of one module.

    Bytes are compared, not meaning: an edited comment repeats the stage, which costs time once and
    can never keep a stale result.
    """
    spec = importlib.util.find_spec(name)
    assert spec is not None, f"{name} is not a module"
    assert spec.origin is not None, f"{name} has no source file"
    root = Path(spec.origin)
    files = sorted(root.parent.rglob("*.py")) if root.name == "__init__.py" else [root]
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.relative_to(root.parent)}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
