"""The page parses, asks nobody for anything, escapes everything, and is readable."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from stoker.evaluate.evaluation import Comparison, Difference, Evaluation
from stoker.evaluate.probes.effects import Effect
from stoker.evaluate.probes.look import Findings
from stoker.evaluate.probes.slices import Slice
from stoker.report.card import render_card
from stoker.report.charts import effect_charts
from stoker.report.facts import (
    DataFacts,
    FlowFact,
    MistakeFact,
    PartFact,
    RejectFact,
    RejectSample,
    ReportFacts,
    SourceFact,
    StageFact,
    TrainingFacts,
    VersionFact,
)
from stoker.report.page import TEMPLATES, _place, _short_place, render_page
from stoker.report.write import presentable
from tests.report.conftest import digits_facts, price_facts

EVIL = "\"'><script>alert(1)</script><img src=//evil.example onerror=alert(1)>&amp;{{ 7 * 7 }}"
_NO_GAP = Difference(value=0.01, low=-0.01, high=0.03)
VOID = {"meta", "img", "br", "path", "rect", "circle", "link", "input", "hr"}
LOADS = {"src", "srcset", "href", "xlink:href", "action", "data", "poster", "background", "style"}


class Page(HTMLParser):
    """Checks nesting, and keeps what tests ask about."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def page_of(facts: ReportFacts) -> Page:
    return Page(render_page(presentable(facts)))


def test_parses_with_unique_ids_and_live_anchors(facts: ReportFacts) -> None:
    page = page_of(facts)
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    anchors = [a["href"] for tag, a in page.tags if tag == "a"]
    assert {f"#{one}" for one in ids} == set(anchors)


def test_asks_nobody_for_anything(facts: ReportFacts) -> None:
    page = page_of(facts)
    for tag, attrs in page.tags:
        for name in LOADS & attrs.keys():
            assert (attrs[name] or "").startswith(("data:image/png;base64,", "#")), (tag, attrs)
        assert not any(name.startswith("on") for name in attrs), (tag, attrs)
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "iframe", "object", "embed", "form", "base", "audio"}
    css = (TEMPLATES / "page.css").read_text("utf-8")
    assert not re.search(r"url\(|@import|expression|http", css)


def test_policy_allows_the_style_sheet_by_its_hash_and_nothing_else(facts: ReportFacts) -> None:
    text = render_page(presentable(facts))
    style = text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(
        attrs["content"] or ""
        for tag, attrs in Page(text).tags
        if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy
    assert f"style-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy


def _hostile(model: Evaluation) -> Evaluation:
    """The evaluation with hostile names of classes."""
    assert model.per_class is not None
    assert model.confusion is not None
    return model.model_copy(
        update={
            "classes": [EVIL, EVIL + "2"],
            "positive": EVIL,
            "per_class": [c.model_copy(update={"name": EVIL}) for c in model.per_class],
            "confusion": model.confusion.model_copy(
                update={
                    "pairs": [
                        p.model_copy(update={"truth": EVIL, "answer": EVIL})
                        for p in model.confusion.pairs
                    ]
                }
            ),
        }
    )


def evil_facts(base: ReportFacts) -> ReportFacts:
    """Every text that comes from outside is an attack."""
    return ReportFacts(
        name=EVIL,
        run=EVIL,
        created=EVIL,
        recipe_text=EVIL,
        predicts="the class",
        target=EVIL,
        inputs={EVIL: EVIL},
        bundle=EVIL,
        evaluations={
            EVIL: _hostile(base.evaluations["model"]),
            "baseline": base.evaluations["baseline"],
        },
        chosen=EVIL,
        gates=tuple(g.model_copy(update={"text": EVIL}) for g in base.gates),
        baseline=EVIL,
        data=DataFacts(
            sources=(SourceFact(source=EVIL, licence=EVIL, rows_in=1, rows_out=1, rejected=0),),
            columns={EVIL: EVIL},
            flow=(FlowFact(step=EVIL, rows_in=1, rows_out=1, rejected=0, notes=(EVIL,)),),
            split_method=EVIL,
            parts=(PartFact(name=EVIL, rows=1, labels={EVIL: 1}),),
            notes=(EVIL,),
            rejects=(
                RejectFact(
                    step=EVIL,
                    reason=EVIL,
                    rows=1,
                    samples=(RejectSample(source=EVIL, column=EVIL, found=EVIL),),
                ),
            ),
        ),
        training=TrainingFacts(
            model=EVIL,
            reason=EVIL,
            settings={EVIL: EVIL},
            history=({EVIL: 1.0, f"train_{EVIL}": 2.0}, {EVIL: 0.5, f"train_{EVIL}": 1.0}),
            seconds={EVIL: 1.0},
            stopped=EVIL,
        ),
        mistakes=(
            MistakeFact(source=EVIL, truth=EVIL, prediction=EVIL, cells={EVIL: EVIL}),
            MistakeFact(source=EVIL, truth=EVIL, prediction=EVIL, image=EVIL.encode()),
        ),
        stages=(StageFact(name=EVIL, status="done", seconds=1, digest=EVIL, parents=(EVIL,)),),
        environment={EVIL: EVIL},
    )


def test_hostile_text_stays_text(census: ReportFacts) -> None:
    page = page_of(evil_facts(census))
    assert "script" not in {tag for tag, _ in page.tags}
    assert all(not name.startswith("on") for _, attrs in page.tags for name in attrs)
    assert all("evil" not in (a.get("src") or "") for _, a in page.tags)
    assert "<script>alert(1)</script>" in page.text
    assert "{{ 7 * 7 }}" in page.text


def test_says_the_headline_and_the_gates(census: ReportFacts) -> None:
    page = page_of(census)
    best = census.best
    assert best is not None
    value = best.metrics["roc_auc"].value
    assert value is not None
    assert f"ROC AUC {value:.4f}" in page.text
    assert "better than the baseline (logistic)" in page.text
    assert "; always answering '- 50000.' would get 0.5000." in page.text
    assert "The constant answer is '- 50000.' for every row" in page.text
    assert "✗ no better" not in page.text
    assert "✗ not met roc_auc" in page.text
    assert "✓ met recall" in page.text
    assert "stoker predict 'my models/census' rows.csv -o answers.csv" in page.text
    assert "受教育程度" in page.text
    assert "硕士学位(MA、MS、MEng、MBA)" in page.text


def test_a_model_that_does_not_beat_the_constant_answer_is_called_so(census: ReportFacts) -> None:
    best = census.evaluations["constant"].model_copy(
        update={"over_constant": Comparison(reference="constant", metrics={"roc_auc": _NO_GAP})}
    )
    facts = census.model_copy(update={"evaluations": {**census.evaluations, "model": best}})
    text = page_of(facts).text
    assert "NOT clearly better than always answering '- 50000.', which gets 0.5000." in text
    assert "✗ no better ROC AUC is 0.5, not clearly better than always answering" in text
    assert "not clearly better than always answering" in render_card(facts)


def test_order_survives_json_with_sorted_keys(census: ReportFacts) -> None:
    text = json.dumps(census.model_dump(mode="json"), sort_keys=True)
    again = page_of(ReportFacts.model_validate_json(text)).text
    table = again.partition("Metric")[2]
    titles = ["Accuracy", "Balanced accuracy", "Precision", "F1", "ROC AUC", "Log loss", "Brier"]
    places = [table.index(title) for title in titles]
    assert places == sorted(places)
    assert again.index("model (in the bundle)") < again.index("baseline constant model against")


def test_rows_that_vanish_are_called_out(census: ReportFacts) -> None:
    data = DataFacts(flow=(FlowFact(step="clean", rows_in=10, rows_out=7, rejected=1),))
    page = page_of(census.model_copy(update={"data": data}))
    assert "2 rows unaccounted for" in page.text


def test_empty_facts_read_well() -> None:
    page = page_of(ReportFacts(name="x", predicts="the number", target="y"))
    assert "Nothing was scored: there is no test part in this run." in page.text
    assert "None" not in page.text


@pytest.mark.parametrize("without", ["baseline", "mistakes", "data", "training", "stages", "gates"])
def test_a_missing_part_is_skipped(census: ReportFacts, without: str) -> None:
    empty = ReportFacts.model_fields[without].get_default(call_default_factory=True)
    page = page_of(census.model_copy(update={without: empty}))
    assert "None" not in page.text


def _variables(css: str) -> list[dict[str, tuple[float, float, float]]]:
    """Colours of the light, the dark and the printed page."""
    found = []
    for block in re.findall(r":root \{(.*?)\}", css, re.DOTALL):
        colours: dict[str, tuple[float, float, float]] = {}
        for name, value in re.findall(r"--([\w-]+): ([^;]+);", block):
            if value.startswith("#"):
                digits = value[1:] if len(value) == 7 else "".join(c * 2 for c in value[1:])
                r, g, b = (int(digits[i : i + 2], 16) for i in (0, 2, 4))
            else:
                r, g, b = (int(part) for part in value.split())
            colours[name] = (float(r), float(g), float(b))
        found.append(colours)
    return found


def _luminance(colour: tuple[float, float, float]) -> float:
    parts = [c / 255 for c in colour]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_colours_have_the_contrast_of_wcag_aa() -> None:
    css = (TEMPLATES / "page.css").read_text("utf-8")
    shades = {
        int(level): float(alpha or 1)
        for level, alpha in re.findall(
            r"\.h(\d) \{ background: rgb\(var\(--heat\)(?: / (.\d+))?\)", css
        )
    }
    assert len(shades) == 9
    themes = _variables(css)
    assert len(themes) == 3
    for theme in themes:
        for ground in ("paper", "soft"):
            for ink in ("ink", "faint", "link", "good", "bad"):
                assert _contrast(theme[ink], theme[ground]) >= 4.5, (ink, ground)
        for line in ("s0", "s1", "s2", "s3", "s4"):
            assert _contrast(theme[line], theme["paper"]) >= 3.0, line
        for level, alpha in shades.items():
            pairs = zip(theme["heat"], theme["paper"], strict=True)
            r, g, b = (alpha * heat + (1 - alpha) * paper for heat, paper in pairs)
            ink = theme["heat-ink" if level >= 5 else "ink"]
            assert _contrast(ink, (r, g, b)) >= 4.5, level


def test_templates_hold_no_style_attribute() -> None:
    for path in Path(TEMPLATES).glob("*.j2"):
        assert "style=" not in path.read_text("utf-8"), path


def test_a_row_of_a_table_in_memory_is_called_by_its_number() -> None:
    row = MistakeFact(row=6, source=f"{'a' * 64}.parquet", line=7, truth=1.0, prediction=2.0)
    assert _place(row) == "row 7 of the table"
    assert _place(row.model_copy(update={"source": "a.parquet"})) == "a.parquet:7"


def test_a_long_place_keeps_its_row_and_loses_its_middle() -> None:
    row = MistakeFact(row=6, source=f"/data/{'long' * 20}.csv", line=12345, truth=1, prediction=2)
    assert _short_place(row) == "longlonglonglo…long.csv:12345"
    assert _short_place(row.model_copy(update={"source": "photos/a.csv"})) == "a.csv:12345"


def test_values_stand_below_the_axis_where_they_fit() -> None:
    few = Effect(column="k", of="leaves", values=(("GKV", 0.2), ("PKV", 0.4)), rows=(9, 5))
    many = few.model_copy(
        update={
            "values": tuple((f"a long value {n}", n / 9) for n in range(8)),
            "rows": (1,) * 8,
        }
    )
    first, second = effect_charts(Findings(effects=(few, many)), "t")
    assert first.title == "k: chance of leaves"
    assert ">GKV</text>" in first.svg
    assert ">PKV</text>" in first.svg
    assert first.note == "Bars: rows, up to 9."
    assert ">6</text>" in second.svg
    assert "7: a long value 7. Bars" in second.note


@pytest.mark.parametrize(("rows", "whole"), [(900, 900), (20_000, 70_000)])
def test_a_sample_of_the_rows_is_called_one(rows: int, whole: int) -> None:
    digits = digits_facts()
    training, compress = digits.training, digits.compress
    assert training is not None
    assert compress is not None
    noted = {"parity": 2e-7, "parity_rows": rows, "validation_rows": whole}
    facts = digits.model_copy(
        update={
            "training": training.model_copy(update=noted),
            "compress": compress.model_copy(update={"rows": rows, "all_rows": whole}),
            "findings": Findings(rows=rows, all_rows=whole),
            "before": VersionFact(
                version=1,
                created="2026-01-01",
                is_same_split=True,
                rows=rows,
                all_rows=whole,
                comparison=Comparison(reference="version before", metrics={}),
            ),
        }
    )
    page, card = page_of(facts).text, render_card(facts)
    of, spaced, drawn = "", "", ""
    if rows < whole:
        of, spaced, drawn = f" of {whole:,}", ", evenly spaced", ", drawn at random"
    for text in (page, card):
        assert f"answered {rows:,}{of} validation rows{spaced}" in text
        assert f"Compared on {rows:,}{of} validation rows{spaced}." in text
    assert f"on {rows:,}{of} validation rows{drawn};" in page
    assert f"the same {rows:,}{of} {facts.scored_part} rows{spaced}, from which" in page


def test_a_closer_look_says_the_class_the_unit_and_why_a_chart_is_missing(
    census: ReportFacts,
) -> None:
    prices = price_facts()
    effect = Effect(column="k", of="甲", values=(("GKV", 0.2), ("PKV", 0.4)), rows=(9, 5))
    worse = Slice(
        column="k", value="GKV", rows=50, score=9.0, elsewhere=2.0, loss=9.0, low=5.0, high=9.0
    )
    findings = Findings(
        rows=99,
        effects=(effect,),
        not_drawn=("Notiz", "gap"),
        why_not_drawn={"Notiz": "a text is many numbers", "gap": "only a gap tells"},
        slices=(worse,),
    )
    words = page_of(census.model_copy(update={"findings": findings})).text
    assert "the chance of 甲 in every chart" in words
    assert "Not drawn: Notiz, as a text is many numbers; gap, as only a gap tells." in words
    assert "Log loss above the others" in words
    plain = findings.model_copy(update={"effects": (effect.model_copy(update={"of": ""}),)})
    words = page_of(prices.model_copy(update={"findings": plain})).text
    assert f"all in the unit of {prices.target}" in words
    assert "Error above the others" in words
