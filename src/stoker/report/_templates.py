"""The templates of the pages, compiled once a machine.

Compiling them takes 0.3 s of CPU, more than all else of a report.  What comes of it is kept as
Python keeps its own modules: in `__pycache__` beside them, where that may be written, for this
Python and this Jinja; otherwise they are compiled each time.
"""

from __future__ import annotations

import hashlib
import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2.bccache import Bucket

from stoker.core.words import size
from stoker.report import _format
from stoker.report.words import rows_of, sample_words

TEMPLATES = Path(__file__).parent / "templates"
_OPTIONS: dict[str, Any] = {"trim_blocks": True, "lstrip_blocks": True}


@cache
def environment() -> jinja2.Environment:
    """The templates, with the filters that they use."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        bytecode_cache=compiled(TEMPLATES / "__pycache__"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        **_OPTIONS,
    )
    environment.filters.update(
        number=_format.number,
        metric=_format.metric,
        span=_format.span,
        signed=_format.signed,
        percent=_format.percent,
        seconds=_format.seconds,
        size=size,
        shortened=_format.shortened,
        sample=sample_words,
        rows_of=rows_of,
    )
    return environment


def compiled(folder: Path) -> jinja2.FileSystemBytecodeCache | None:
    """Templates as they were compiled before; None where Python keeps nothing either."""
    if sys.dont_write_bytecode or not os.access(folder.parent, os.W_OK):
        return None
    try:
        folder.mkdir(exist_ok=True)
    except OSError:
        return None
    made_by = f"{sys.implementation.cache_tag} {jinja2.__version__} {sorted(_OPTIONS.items())}"
    mark = hashlib.sha256(made_by.encode()).hexdigest()[:16]
    return _Kept(str(folder), f"%s.{mark}.jinja")


class _Kept(jinja2.FileSystemBytecodeCache):
    """Keeps what it can: a full disk beside the code is no reason to have no report."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template, if the disk takes it."""
        with suppress(OSError):
            super().dump_bytecode(bucket)
