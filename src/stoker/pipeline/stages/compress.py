"""Compress: try every method on the trained model, and choose on the validation part."""

from __future__ import annotations

from typing import Any

from stoker.compress import Compressor
from stoker.compress._frontier import TIMES, choose_candidate
from stoker.core.steps import expect, make_step
from stoker.pipeline.node import Work
from stoker.pipeline.prepared_parts import open_prepared


def compress(work: Work) -> dict[str, Any]:
    """Try every method, and choose."""
    asked = work.fields["compress"]
    prepared = open_prepared(work.inputs["prepare"].folder)
    methods = asked.methods or (make_step("stoker.compress", "int8", Compressor),)
    found = choose_candidate(
        work.inputs["train"].folder / "bundle",
        [expect(method, Compressor) for method in methods],
        prepared.train,
        prepared.validation,
        work.folder,
        max_accuracy_loss=asked.max_accuracy_loss,
    )
    work.measured["candidates"] = {
        row["name"]: {key: row[key] for key in TIMES if key in row} for row in found["rows"]
    }
    return {"chosen": found["chosen"], "reason": found["reason"]}
