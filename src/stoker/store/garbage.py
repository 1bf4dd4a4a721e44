"""Which artifacts nobody needs: everything that no root was made from.

The order matters: what was made comes before what it was made from.  So when an artifact turns out
to be in use, its parents have not been touched yet and can be kept with it.

Cost: one pass over the graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import final

from stoker.store.manifest import Manifest


@dataclass(frozen=True)
class Removed:
    """An artifact that was deleted, or would be."""

    fingerprint: str
    kind: str
    size_bytes: int

    @classmethod
    def of(cls, manifest: Manifest) -> Removed:
        """What the manifest says."""
        return cls(manifest.fingerprint, manifest.kind, manifest.size_bytes)


@final
class Garbage:
    """Artifacts to delete, each before what it was made from; `keep` spares one and its ancestors.

    >>> parents = {"model": ["rows"], "rows": ["files"], "files": [], "old": ["files"]}
    >>> list(Garbage(parents, roots=["model"]))
    ['old']
    >>> list(Garbage(parents, roots=[]))
    ['old', 'model', 'rows', 'files']
    """

    def __init__(self, parents: Mapping[str, Iterable[str]], roots: Iterable[str]) -> None:
        """Walk the graph.

        Args:
            parents: What each artifact was made from; parents that are not keys do not exist.
            roots: What to keep, with all ancestors.
        """
        self._parents = parents
        self._kept: set[str] = set()
        for root in roots:
            self.keep(root)

    def keep(self, fingerprint: str) -> None:
        """Spare an artifact and everything it was made from."""
        waiting = [fingerprint]
        while waiting:
            one = waiting.pop()
            if one not in self._kept:
                self._kept.add(one)
                waiting.extend(self._parents.get(one, ()))

    def __iter__(self) -> Iterator[str]:
        """What is not kept at the moment it is reached, children first."""
        for fingerprint in reversed(self._parents_first()):
            if fingerprint not in self._kept:
                yield fingerprint

    def _parents_first(self) -> list[str]:
        """Depth-first order without recursion, so that a long history is no problem."""
        order: list[str] = []
        seen: set[str] = set()
        for start in self._parents:
            stack = [(start, False)]
            while stack:
                one, parents_done = stack.pop()
                if parents_done:
                    order.append(one)
                elif one not in seen and one in self._parents:
                    seen.add(one)
                    stack.append((one, True))
                    stack.extend((parent, False) for parent in self._parents[one])
        return order
