"""Bundle: the chosen candidate with its scores, its card and its lineage, ready to be served."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from typing import Any

from stoker.core.canonical import canonical_json
from stoker.pipeline.candidates import candidate_bundles, chosen_name
from stoker.pipeline.collect.card_facts import card_facts
from stoker.pipeline.node import Work
from stoker.report.card import render_card
from stoker.store.artifact import Artifact
from stoker.store.durable import write_file


def bundle(work: Work) -> dict[str, Any]:
    """Copy the chosen candidate, and add what is known about it."""
    name = chosen_name(work.inputs)
    source = candidate_bundles(work.inputs)[name]
    shutil.copytree(source, work.folder, dirs_exist_ok=True)
    evaluation = json.loads((work.inputs["evaluate"].folder / "evaluation.json").read_bytes())
    metrics = {"part": evaluation["part"], "scores": evaluation["candidates"][name]}
    write_file(work.folder / "metrics.json", canonical_json(metrics) + b"\n")
    write_file(work.folder / "lineage.json", canonical_json(lineage(work.inputs)) + b"\n")
    facts = card_facts(work.free["recipe"], work.inputs)
    write_file(work.folder / "card.md", render_card(facts).encode())
    (work.folder / "manifest.json").unlink()  # the store seals the whole folder anew
    return {"chosen": name}


def lineage(inputs: Mapping[str, Artifact]) -> list[dict[str, Any]]:
    """What the bundle was made from, stage by stage.

    Scores and latencies were measured, so the artifacts that hold them are left out: the bundle's
    bytes depend on the work done, never on how long it took.
    """
    return [
        {"stage": name, "fingerprint": artifact.fingerprint, "digest": artifact.digest}
        for name, artifact in inputs.items()
        if name not in ("compress", "evaluate")
    ]
