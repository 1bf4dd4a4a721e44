"""Acquire: read every source of the recipe into one dataset."""

from __future__ import annotations

from typing import Any

from stoker.core.errors import DataError
from stoker.core.steps import expect
from stoker.data.acquire import Source
from stoker.data.dataset import acquire
from stoker.data.fingerprint import source_fingerprint
from stoker.pipeline.node import Work


def acquire_files(work: Work) -> dict[str, Any]:
    """Read every source into one dataset.

    Raises:
        DataError: If a file cannot be read, or is not the one that the node was made from.
    """
    sources, project = [expect(one, Source) for one in work.fields["sources"]], work.free["project"]
    info = acquire(sources, work.folder, project=project, cache=work.cache)
    if source_fingerprint(sources, project, work.cache) != work.fields["files"]:
        raise DataError(
            "a raw file changed between the start of the run and now",
            expected="files that nobody writes to while they are read",
            fix="wait until they are complete, or copy them first; then run again",
        )
    return info
