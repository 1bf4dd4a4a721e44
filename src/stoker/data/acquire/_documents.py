"""The texts of pages and documents, one after the other, from a child process.

A file that its reader dies of is a reject like any other: a fresh child goes on with the next.

Cost: 0.4 s of CPU to start a child, as much again for the first page of HTML.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from stoker.core.errors import DataError
from stoker.data.acquire._document_read import LINE, PROBLEM, TEXT, reason_of
from stoker.data.acquire._table_child import tables_of_child
from stoker.data.acquire._table_worker import Orders

_READER = "stoker.data.acquire._document_read"
_MEMORY_BYTES = 2 << 30
_CPU_S = 120.0


class DocumentText(NamedTuple):
    """What became of one file."""

    text: str
    problem: str
    """Why there is no text; empty: there is one."""
    line: int | None
    """Where the trouble begins."""


def document_texts(
    paths: Sequence[Path], labels: Sequence[str], options: Mapping[str, Any]
) -> Iterator[DocumentText]:
    """The text of each file, in order.

    Args:
        paths: Pages and documents.
        labels: Their names for messages.
        options: What `_document_read` is to know.

    Raises:
        MachineError: If a child does not start, or is killed from outside.
    """
    done = 0
    while done < len(paths):
        left = [str(path) for path in paths[done:]]
        orders = Orders(_READER, "text", left, dict(options), _MEMORY_BYTES, _CPU_S)
        try:
            for _, table in tables_of_child(orders, labels[done:]):
                [row] = table.to_pylist()
                done += 1
                yield DocumentText(row[TEXT], row[PROBLEM], row[LINE])
        except DataError as error:
            done += 1
            yield DocumentText("", reason_of(error), None)
