"""Find a bundle by what the user wrote: a folder, or a model of the catalog.

The folder of a bundle wins over a model of the same name; another folder does not, because
`stoker init images photos/` calls the model `photos`.  The artifact behind a model stays held as
long as the answer is kept, so that no collection takes it from under a server.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from stoker.bundle.write import BUNDLE_FILE
from stoker.core.errors import ArtifactError
from stoker.store.artifact import Artifact
from stoker.store.catalog import Catalog
from stoker.store.catalog.versions import CHAMPION
from stoker.store.home import find_home
from stoker.store.store import Store


@dataclass(frozen=True)
class FoundBundle:
    """A bundle's folder, held while this value lives."""

    folder: Path
    name: str | None = None
    """Name in the catalog, if it came from there."""
    version: str | None = None
    """Version in the catalog."""
    artifact: Artifact | None = None
    serve: Mapping[str, Any] = field(default_factory=dict)
    """The keys of the recipe's `serve` section; empty for a folder, which must not say how."""


def find_bundle(text: str, home: Path | None) -> FoundBundle:
    """The bundle that a path, NAME, NAME@ALIAS or NAME@VERSION means.

    Raises:
        ArtifactError: If there is no such folder, model, alias or version, or it was collected.
    """
    if (Path(text) / BUNDLE_FILE).is_file() or (os.sep in text and Path(text).is_dir()):
        return FoundBundle(Path(text))
    name, _, which = text.partition("@")
    place = find_home(home)
    catalog = Catalog(place)
    known = {model.name for model in catalog.models()}
    if name not in known:
        raise _unknown(text, sorted(known))
    model = catalog.resolve(name, which or best_version(catalog, name))
    artifact = Store(place).find(model.fingerprint)
    if artifact is None:
        raise ArtifactError(
            f"the bundle of {name} version {model.version} is not in {place}",
            fix="run the recipe again",
        )
    artifact.verify()
    serve = catalog.run(model.run).result.get("serve", {}) if model.run else {}
    return FoundBundle(artifact.folder, name, str(model.version), artifact, serve)


def best_version(catalog: Catalog, name: str) -> str:
    """The champion of a model if there is one, else its newest version."""
    versions = catalog.models(name)
    has_champion = any(CHAMPION in model.aliases for model in versions)
    return CHAMPION if has_champion else str(versions[0].version)


def _unknown(text: str, known: list[str]) -> ArtifactError:
    near = get_close_matches(text.partition("@")[0], known, n=1)
    return ArtifactError(
        f"no bundle folder and no model {text!r}",
        expected=f"a folder, or one of {', '.join(known)}" if known else "the folder of a bundle",
        fix=f"did you mean {near[0]!r}?"
        if near
        else "stoker run makes one; stoker models lists them",
    )
