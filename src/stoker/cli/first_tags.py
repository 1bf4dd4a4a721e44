"""The first recipe for texts with spans: a file of CoNLL, or JSON lines with a list in each."""

from __future__ import annotations

import gzip
import json
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stoker.cli.starters import filled, read_template, recipe_name, relative
from stoker.core.errors import DataError, Place, RecipeError
from stoker.core.names import listed
from stoker.data.profile.choice import quoted
from stoker.data.table_source import source_class

if TYPE_CHECKING:
    from collections.abc import Sequence

_LOOKED = 1_000
_HEAD_BYTES = 4 << 20
_SOURCE = "conll: {path: data/texts.conll}"


def fill_tags(path: Path, target: str | None, project: Path) -> str:
    """The recipe for a file of texts with spans.

    Args:
        path: A file.
        target: The column of spans; absent: the one that holds lists of them.
        project: Folder of the recipe.

    Raises:
        DataError: If the file is missing, of another form, or holds no spans.
        RecipeError: If the target is no such column.
    """
    text = read_template("tags").replace("name: tags", f"name: {recipe_name(path, 'tags')}")
    said = relative(path, project)
    if _is_a(path, "conll"):
        return filled(text.replace("data/texts.conll", said))
    if not _is_a(path, "jsonl"):
        endings = listed([*source_class("conll").endings, *source_class("jsonl").endings])
        raise DataError("is no file of texts with spans", expected=endings, place=Place(str(path)))
    column, spans = _columns(path, target)
    text = text.replace(_SOURCE, f"jsonl: {{path: {said}, as_json: [{quoted(spans)}]}}")
    text = text.replace("inputs: {text:", f"inputs: {{{quoted(column)}:")
    asked = f"target: {{{quoted(spans)}: {{tag: {{text: {quoted(column)}}}}}}}"
    return filled(text.replace("target: {spans: {tag: {text: text}}}", asked))


def _is_a(path: Path, source: str) -> bool:
    return path.name.lower().endswith(source_class(source).endings)


def _columns(path: Path, target: str | None) -> tuple[str, str]:
    """The columns of texts and of spans."""
    place = Place(str(path))
    records = _records(path)
    spans = _spans_in(records)
    if target is not None and target not in spans:
        raise RecipeError(
            f"{target!r} holds no list of spans",
            expected=f"one of {listed(spans)}" if spans else "a key of the file",
            place=place,
        )
    if not spans:
        raise DataError(
            f"none of the first {len(records)} records holds a list of spans",
            expected='a key such as "spans": [{"start": 0, "end": 4, "label": "PER"}]',
            place=place,
        )
    chosen = target or next(iter(spans))
    texts = _texts_of(records, chosen)
    if not texts:
        raise DataError(
            f"no text is as long as the spans of {chosen!r} say",
            expected="spans that count characters from 0, and a key of the text",
            place=place,
        )
    return texts[0], chosen


def _records(path: Path) -> list[dict[str, Any]]:
    """The first objects of a file; lines that are none are looked at by the run."""
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    found = []
    try:
        with opened(path, "rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        raise DataError(what, expected="JSON lines", place=Place(str(path))) from None
    for line in islice(head.decode("utf-8-sig", "replace").split("\n"), _LOOKED):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            found.append(record)
    return found


def _spans_in(records: Sequence[dict[str, Any]]) -> list[str]:
    """Keys whose lists are all lists of spans, and of which one has some."""
    from stoker.tasks.tag import read_spans

    names = dict.fromkeys(name for record in records for name in record)
    found = []
    for name in names:
        given = [record[name] for record in records if record.get(name) is not None]
        read = [read_spans(one) for one in given if isinstance(one, list)]
        if len(read) == len(given) and any(read) and not any(isinstance(r, str) for r in read):
            found.append(name)
    return found


def _texts_of(records: Sequence[dict[str, Any]], spans: str) -> list[str]:
    """Keys whose texts reach to the end of each span, the longest first."""
    from stoker.tasks.tag import read_spans

    ends = []
    for record in records:
        read = read_spans(record.get(spans) or [])
        ends.append(max((one.end for one in read if not isinstance(one, str)), default=0))
    total: dict[str, int] = {}
    for name in dict.fromkeys(name for record in records for name in record):
        cells = [record.get(name) or "" for record in records]
        if all(isinstance(c, str) and len(c) >= end for c, end in zip(cells, ends, strict=True)):
            total[name] = sum(map(len, cells))
    return sorted(total, key=lambda name: -total[name])
