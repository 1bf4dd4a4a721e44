"""Write a bundle: graph, weights and interface in one folder, sealed by a manifest.

    bundle.json           name, format, interface, decision, facts about the model
    model.onnx            one input per column, one output
    weights.safetensors   everything needed to rebuild or continue the model
    manifest.json         size and SHA-256 of every other file
    ...                   what the caller adds: metrics.json, card.md, lineage.json

No time, machine or path is written, so equal training gives equal bytes.

Cost: the bytes once in memory, and a flush of each file to the disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from stoker.bundle._graph_check import check_graph
from stoker.bundle._weights import pack_weights
from stoker.bundle.decision import Decision
from stoker.bundle.interface import Interface
from stoker.core.canonical import canonical_json, fingerprint
from stoker.core.names import check_name, check_relative
from stoker.core.version import version
from stoker.store.durable import make_folder, write_file
from stoker.store.manifest import write_manifest

FORMAT = 2
"""Version of the bundle's form; every later stoker reads it.  2: numbers reach graphs as float64,
and a decision stands beside the graph."""

BUNDLE_FILE = "bundle.json"
GRAPH_FILE = "model.onnx"
WEIGHTS_FILE = "weights.safetensors"


def write_bundle(  # noqa: PLR0913 - each argument is one part of a bundle
    folder: Path,
    *,
    name: str,
    interface: Interface,
    graph: bytes,
    weights: Mapping[str, np.ndarray],
    model: Mapping[str, Any],
    decision: Decision | None = None,
    extra_files: Mapping[str, bytes] | None = None,
) -> None:
    """Write a whole bundle into `folder`, which is made if it is not there.

    Args:
        folder: An empty or a new folder.
        name: Name of the recipe; it becomes the name under which the model is served.
        interface: From rows to tensors and from outputs to answers.
        graph: The ONNX model, with inputs named by `stoker.networks.graph_names.graph_input`.
        weights: Arrays by name.
        model: Facts for people and programs, JSON values (such as the step and its fields).
        decision: What stands between outputs and answers; None: nothing.
        extra_files: Further files by relative path.

    Raises:
        RecipeError: If `name` cannot be used.
        ArtifactError: If the graph is not one that a bundle may hold, or a path leads out.
        MachineError: If the disk refuses.
    """
    check_graph(graph)
    form = {
        "format": FORMAT,
        "name": check_name(name),
        "stoker": version(),
        "interface": interface.to_json(),
        "model": dict(model),
        "runtime": {"onnx": {}},
        "decision": (decision or Decision()).model_dump(mode="json"),
    }
    files = {
        BUNDLE_FILE: canonical_json(form) + b"\n",
        GRAPH_FILE: graph,
        WEIGHTS_FILE: pack_weights(weights),
        **(extra_files or {}),
    }
    make_folder(folder)
    for path, data in files.items():
        target = folder / check_relative(path)
        make_folder(target.parent)
        write_file(target, data)
    seal_bundle(folder)


def seal_bundle(folder: Path) -> None:
    """Write the manifest over the files that are in `folder` now, replacing an older one.

    Raises:
        ArtifactError: If the folder holds a link or a name that no manifest may carry.
        MachineError: If the disk refuses.
    """
    first = write_manifest(folder, kind="bundle", fingerprint=fingerprint([]))
    write_manifest(folder, kind="bundle", fingerprint=first.content)
