"""What a stage adds to the candidates of a run.

Any stage may offer bundles: it writes this file into its artifact.  Scores, reports and the final
bundle look at what was offered and know no stage by name, so a stage that distils, searches or
averages is one file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from stoker.core.canonical import canonical_json
from stoker.core.value import Value
from stoker.store.durable import write_file

if TYPE_CHECKING:
    from stoker.store.artifact import Artifact

FILE = "candidates.json"
"""Its name in an artifact."""
MODEL = "model"
"""Name of the candidate that was trained as the recipe says."""


class Offer(Value):
    """Bundles of one artifact."""

    bundles: dict[str, str]
    """Folder within the artifact of each candidate."""
    chosen: str | None = None
    """The candidate that is to be used from here on; None: as chosen before."""
    reference: str | None = None
    """The candidate that all others are compared with; None: as said before."""

    def write(self, folder: Path) -> None:
        """Put it beside the bundles."""
        write_file(folder / FILE, canonical_json(self.model_dump(mode="json")) + b"\n")


class Offered(Value):
    """All candidates of a run, as its artifacts offer them."""

    bundles: dict[str, Path]
    """Bundle folder of each candidate."""
    chosen: str
    """The one to use."""
    reference: str | None
    """The one that all others are compared with."""

    @property
    def bundle(self) -> Path:
        """Folder of the chosen one's bundle."""
        return self.bundles[self.chosen]


def offered(inputs: Mapping[str, Artifact]) -> Offered:
    """The candidates of a run: the chosen one first, the reference last.

    Args:
        inputs: Artifacts by stage, in the order of the graph.
    """
    bundles: dict[str, Path] = {}
    chosen, reference = MODEL, None
    for artifact in inputs.values():
        if FILE in artifact.manifest.files:
            offer = Offer.model_validate(json.loads((artifact.folder / FILE).read_bytes()))
            bundles |= {name: artifact.folder / path for name, path in offer.bundles.items()}
            chosen, reference = offer.chosen or chosen, offer.reference or reference
    last = {reference: bundles.pop(reference)} if reference in bundles else {}
    return Offered(bundles=bundles | last, chosen=chosen, reference=reference)
