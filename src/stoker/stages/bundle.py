"""Bundle: the chosen candidate with its scores, its card and its lineage, ready to be served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from stoker.dag.stage import ALL, Stage, Work

if TYPE_CHECKING:
    from stoker.plan.size import Size
    from stoker.recipe.model import Recipe
    from stoker.store.artifact import Artifact


class BundleStage(Stage):
    """Put the chosen candidate, its scores, its card and its lineage into one bundle.

    The card quotes the recipe, so all of it counts, a comment too; the stage takes no time.  The
    code of its steps does not: what they made is among the inputs.
    """

    place: ClassVar[float] = 100
    free: ClassVar[frozenset[str]] = frozenset({"recipe"})

    canonical: Any
    """The recipe as plain values."""
    text: str
    """The recipe as it was written."""
    recipe: Any
    """The recipe itself, for the card."""

    @classmethod
    def of(cls, recipe: Recipe) -> Self:
        """All of the recipe."""
        return cls(canonical=recipe.canonical(), text=recipe.text, recipe=recipe)

    def reads(self) -> tuple[str, ...]:
        """Everything."""
        return (ALL,)

    def run(self, work: Work) -> dict[str, Any]:
        """Copy the chosen candidate, and add what is known about it."""
        import json
        import shutil

        from stoker.candidates.offer import offered
        from stoker.core.canonical import canonical_json
        from stoker.report.card import render_card
        from stoker.report.collect.card_facts import card_facts
        from stoker.store.durable import write_file

        found = offered(work.inputs)
        name, source = found.chosen, found.bundle
        shutil.copytree(source, work.folder, dirs_exist_ok=True)
        evaluation = json.loads((work.inputs["evaluate"].folder / "evaluation.json").read_bytes())
        metrics = {"part": evaluation["part"], "scores": evaluation["candidates"][name]}
        write_file(work.folder / "metrics.json", canonical_json(metrics) + b"\n")
        write_file(work.folder / "lineage.json", canonical_json(lineage(work.inputs)) + b"\n")
        facts = card_facts(self.recipe, work.inputs)
        write_file(work.folder / "card.md", render_card(facts).encode())
        (work.folder / "manifest.json").unlink()  # the store seals the whole folder anew
        return {"chosen": name}

    def rows(self, extent: object) -> None:
        """It sees none."""

    def seconds(self, size: Size) -> float:
        """Next to nothing."""
        return 0.1


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
