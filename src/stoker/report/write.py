"""Write a report: `report.html`, `report.json` and `card.md`, all from the same facts."""

from __future__ import annotations

from pathlib import Path

from stoker.core.errors import MissingExtraError
from stoker.report._pictures import small_png
from stoker.report.card import render_card
from stoker.report.facts import MOST_MISTAKES, MistakeFact, ReportFacts


def write_report(folder: Path, facts: ReportFacts) -> Path:
    """Write the three files into an existing folder.

    Args:
        folder: Where to write; the caller makes it durable.
        facts: What to say.  At most 24 mistakes are shown, their pictures as small PNGs, in the
            page and in the JSON alike.

    Returns:
        Path of the page.

    Raises:
        MissingExtraError: If the template engine is not installed.
    """
    try:
        from stoker.report.page import render_page
    except ModuleNotFoundError as error:
        if error.name not in ("jinja2", "markupsafe"):
            raise
        raise MissingExtraError("jinja2", extra="train", needed_for="the report") from None
    facts = presentable(facts)
    page = folder / "report.html"
    page.write_text(render_page(facts), encoding="utf-8")
    (folder / "report.json").write_text(facts.model_dump_json(indent=1), encoding="utf-8")
    (folder / "card.md").write_text(render_card(facts), encoding="utf-8")
    return page


def presentable(facts: ReportFacts) -> ReportFacts:
    """The facts with the worst mistakes only, and small pictures."""
    mistakes = tuple(_with_small_picture(one) for one in facts.mistakes[:MOST_MISTAKES])
    return facts.model_copy(update={"mistakes": mistakes})


def _with_small_picture(mistake: MistakeFact) -> MistakeFact:
    if mistake.image is None:
        return mistake
    return mistake.model_copy(update={"image": small_png(mistake.image)})
