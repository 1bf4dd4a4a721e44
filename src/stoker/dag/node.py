"""A node of the run graph: one stage execution as a pure function of artifacts and recipe values.

The fingerprint of a node is made from the code it runs, its part of the recipe and the *contents*
of its input artifacts, so a stage whose input was rebuilt to equal bytes is not repeated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stoker.core.canonical import fingerprint
from stoker.core.steps import Step, step_spec
from stoker.core.value import Value
from stoker.dag.source_code import code_version
from stoker.dag.stage import Stage, name_of

if TYPE_CHECKING:
    from stoker.store.store import Artifact


@dataclass(frozen=True)
class Node:
    """One stage of one recipe, in a graph."""

    work: Stage
    after: tuple[str, ...] = ()
    """Stages of this graph whose artifacts it reads, in their order."""

    @property
    def stage(self) -> str:
        """Name of the stage."""
        return name_of(self.work)

    @property
    def fields(self) -> dict[str, Any]:
        """What the stage reads of the recipe and what changes what it writes."""
        kept = type(self.work).model_fields.keys() - self.work.free
        return {name: getattr(self.work, name) for name in sorted(kept)}

    @property
    def code(self) -> frozenset[str]:
        """Modules whose source, with all that they import, takes part in the fingerprint."""
        steps = {type(step).__module__ for step in _steps(self.fields)}
        return frozenset({type(self.work).__module__, *steps})

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
