"""The three files agree with the facts, and the model card is what it was."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stoker.evaluate.gates import check_gates
from stoker.evaluate.score import evaluate_all
from stoker.report._pictures import small_png
from stoker.report.card import escaped, render_card
from stoker.report.facts import (
    DataFacts,
    MistakeFact,
    PartFact,
    ReportFacts,
    SourceFact,
    StageFact,
    TrainingFacts,
)
from stoker.report.samples import commands
from stoker.report.write import presentable, write_report
from stoker.tasks.classify import FittedClassify

GOLDEN = Path(__file__).parent / "golden" / "card.md"


def test_json_is_the_facts(facts: ReportFacts, tmp_path: Path) -> None:
    page = write_report(tmp_path, facts)
    assert page == tmp_path / "report.html"
    text = (tmp_path / "report.json").read_text("utf-8")
    shown = presentable(facts)
    assert json.loads(text) == shown.model_dump(mode="json")
    assert ReportFacts.model_validate_json(text) == shown
    assert sorted(p.name for p in tmp_path.iterdir()) == ["card.md", "report.html", "report.json"]


def test_equal_facts_give_equal_bytes(facts: ReportFacts, tmp_path: Path) -> None:
    written = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        write_report(folder, facts)
        written.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert written[0] == written[1]


def test_no_more_than_24_mistakes_are_shown(facts: ReportFacts) -> None:
    many = (MistakeFact(truth="a", prediction="b"),) * 30
    assert len(presentable(facts.model_copy(update={"mistakes": many})).mistakes) == 24


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "CMYK", "LA", "1"])
def test_pictures_become_small_png_without_metadata(mode: str) -> None:
    out = io.BytesIO()
    image = Image.new("RGB", (300, 500), (200, 30, 40)).convert(mode)
    if mode == "CMYK":
        image.save(out, "JPEG")
    else:
        image.save(out, "PNG", dpi=(72, 72))
    png = small_png(out.getvalue())
    assert png is not None
    with Image.open(io.BytesIO(png)) as small:
        assert small.format == "PNG"
        assert small.size == (115, 192)
        assert not small.info


def test_own_pnm_is_shown_as_it_is() -> None:
    pixels = np.arange(28 * 28, dtype=np.int64).astype(np.uint8)
    png = small_png(b"P5 28 28 255\n" + pixels.tobytes())
    assert png is not None
    with Image.open(io.BytesIO(png)) as small:
        assert small.mode == "L"
        np.testing.assert_array_equal(np.asarray(small).ravel(), pixels)


def test_a_twelve_bit_picture_is_not_shown_black() -> None:
    out = io.BytesIO()
    Image.fromarray(np.full((4, 4), 4_000, np.uint16)).save(out, "PNG")
    png = small_png(out.getvalue())
    assert png is not None
    with Image.open(io.BytesIO(png)) as small:
        assert np.asarray(small).min() == round(4_000 * 255 / 4_095)


@pytest.mark.parametrize(
    "data", [b"", b"<svg onload=alert(1)>", b"P5 9999 1 255\n", b"\x89PNG\r\n"]
)
def test_what_is_no_picture_is_left_out(data: bytes) -> None:
    assert small_png(data) is None


def test_escaped_text_is_no_markdown() -> None:
    assert escaped("# [a](http://x) <b>\n| `c`") == r"\# \[a\](http://x) \<b\> \| \`c\`"


def test_escaped_text_cannot_steer_a_terminal() -> None:
    assert escaped("a\n\x1b[2J李") == r"a \\x1b\[2J李"


def card_facts() -> ReportFacts:
    """Twelve rows of two classes, worked out by the real scorer."""
    target_N = np.array([0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
    margin_N = np.array([-3.0, -2, -2, -1, -1, 0.5, -1, 2, 3, 1, -0.5, 2])
    zero_N = np.zeros(12)
    outputs = {
        "model": np.stack([zero_N, margin_N], axis=1),
        "baseline": np.stack([zero_N, margin_N * 0.2 - 0.3], axis=1),
    }
    task = FittedClassify(classes=("stays", "leaves|早"), counts=(70, 50), kind="text")
    found = evaluate_all(
        outputs, target_N, task, seed=0, resamples=200, reference="baseline", constant=True
    )
    return ReportFacts(
        name="churn",
        run="never in a card",
        created="never in a card",
        recipe_text="version: 1\nname: churn\n",
        predicts="the class",
        target="left",
        inputs={"age": "number", "city": "category"},
        example={"age": 40.5, "city": "l'Aquila"},
        evaluations=found,
        gates=tuple(check_gates({"accuracy": ">= 0.8", "roc_auc": ">= 0.99"}, found["model"])),
        baseline="logistic",
        data=DataFacts(
            sources=(SourceFact(source="客户.csv", rows_in=132, rows_out=132, rejected=0),),
            split_method="stratified by left",
            parts=(
                PartFact(name="train", rows=120, labels={"stays": 70, "leaves|早": 50}),
                PartFact(name="test", rows=12, labels={"stays": 7, "leaves|早": 5}),
            ),
        ),
        training=TrainingFacts(
            model="boosted_trees", reason="Trees for a table.", seconds={"fit": 1.5}
        ),
        stages=(StageFact(name="acquire", status="done", seconds=9.25, digest="ab" * 32),),
        environment={"processor": "never in a card"},
    )


def test_card_is_golden() -> None:
    assert render_card(card_facts()) == GOLDEN.read_text("utf-8")


def test_commands_say_the_name_of_a_registered_model() -> None:
    facts = card_facts().model_copy(update={"bundle": "a/b c", "registered": True})
    assert commands(facts)["serve"] == "stoker serve churn"
    elsewhere = facts.model_copy(update={"home": "my home"})
    assert commands(elsewhere)["predict"].endswith("-o answers.csv --home 'my home'")
    refused = elsewhere.model_copy(update={"registered": False})
    assert commands(refused)["serve"] == "stoker serve 'a/b c'"


def test_card_tells_no_time_and_no_machine() -> None:
    card = render_card(card_facts())
    assert "never in a card" not in card
    assert "9.25" not in card
    assert "1.5" not in card.partition("## Training")[2]
