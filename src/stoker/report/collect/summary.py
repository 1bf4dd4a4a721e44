"""What a user in a hurry wants to know of a run: the score in a sentence, and what was left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stoker.recipe.model import Recipe
from stoker.report.collect.card_facts import card_facts
from stoker.report.words import headline_sentence
from stoker.store.artifact import Artifact
from stoker.views.flows import Lost, flows_of, lost, rejects_path, stages_with_rows


def summary(recipe: Recipe, artifacts: Mapping[str, Artifact]) -> dict[str, Any]:
    """The main facts of a whole run, as JSON values.

    Args:
        recipe: The recipe of the run.
        artifacts: Artifacts by stage, up to `bundle`.

    Returns:
        `lost` (rows that were not used, with a sentence; None if all were), `headline` (the main
        score in a sentence), `positive` (the class that binary metrics are about, or None),
        `leaderboard` (the candidates of a search, the best first; None without one), `rejects`
        (stage, rows and file of every stage that left rows out), `read_options` (how the table was
        read, such as `{"sheet": "2024"}`), `own_source` (what outside stoker reads it; empty where
        the ending tells), `imports` (modules outside stoker that the bundle needs),
        `serve_imports` (those, and what a server of it needs) and `undefined` (metrics that say
        nothing about the scored rows, with the reason).
    """
    facts = card_facts(recipe, artifacts)
    best = facts.best
    assert best is not None, "the bundle's own candidate was scored"
    gone, board = lost(artifacts), facts.leaderboard
    return {
        "lost": _said(gone) if gone.rows else None,
        "headline": headline_sentence(facts, best),
        "positive": best.positive,
        "leaderboard": board and board.model_dump(mode="json"),
        "rejects": [
            {
                "stage": stage,
                "rows": rows,
                "file": str(rejects_path(artifact)),
            }
            for stage, artifact in stages_with_rows(artifacts)
            if (rows := sum(flow.rejected for flow in flows_of(artifact)))
        ],
        "read_options": facts.read_options,
        "own_source": facts.own_source,
        "imports": list(facts.imports),
        "serve_imports": list(facts.serve_imports),
        "undefined": {n: one.note for n, one in best.in_order() if one.value is None},
    }


def _said(gone: Lost) -> dict[str, Any]:
    return {"text": gone.text, "rows": gone.rows, "rows_in": gone.rows_in}
