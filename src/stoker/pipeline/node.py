"""A node of the run graph: one stage execution as a pure function of artifacts and recipe values.

The fingerprint of a node is made from the code it runs, its part of the recipe and the *contents*
of its input artifacts, so a stage whose input was rebuilt to equal bytes is not repeated.  A stage
never sees the recipe, only the values that its node names, so what it reads is what counts.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stoker.core.canonical import fingerprint
from stoker.core.steps import Step, step_spec
from stoker.core.value import Value
from stoker.pipeline.source_code import code_version

if TYPE_CHECKING:
    from stoker.store.store import Artifact


@dataclass(frozen=True)
class Work:
    """What a stage gets to do its work with."""

    stage: str
    fields: Mapping[str, Any]
    """Those of the node."""
    free: Mapping[str, Any]
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
    fields: Mapping[str, Any]
    """The values of the recipe that the stage reads: steps, sections and plain values."""
    after: tuple[str, ...] = ()
    """Stages whose artifacts it reads."""
    free: Mapping[str, Any] = field(default_factory=dict)
    """Values that the stage needs and that change nothing of what it writes, such as where the
    project lies; they are no part of the fingerprint."""

    @property
    def code(self) -> frozenset[str]:
        """Modules whose source, with all that they import, takes part in the fingerprint."""
        steps = {type(step).__module__ for step in _steps(self.fields)}
        return frozenset({self.function.partition(":")[0], *steps})

    def fingerprint(self, inputs: Mapping[str, Artifact]) -> str:
        """The name under which this node's artifact is stored.

        Args:
            inputs: Artifacts of every stage in `after`.
        """
        return fingerprint(
            {
                "stage": self.stage,
                "code": code_version(self.code),
                "fields": {name: stated(value) for name, value in self.fields.items()},
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


def stated(value: Any) -> Any:
    """A value of a node as JSON; mappings as pairs, because their order may be that of columns.

    >>> stated({"b": 1, "a": (True, None)})
    [['b', 1], ['a', [True, None]]]
    """
    if isinstance(value, Value):
        fields = {name: getattr(value, name) for name in type(value).model_fields}
        if isinstance(value, Step):
            return [step_spec(value), *map(stated, _steps(fields))]
        return stated(fields)
    if isinstance(value, Mapping):
        return [[key, stated(item)] for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [stated(item) for item in value]
    return value


def _steps(value: Any) -> Iterator[Step]:
    """Every step in a value, those inside of values and of other steps too."""
    if isinstance(value, Value):
        if isinstance(value, Step):
            yield value
        value = [getattr(value, name) for name in type(value).model_fields]
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _steps(item)
