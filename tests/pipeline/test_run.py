"""Whole runs in this process: what is repeated, what is refused, what is kept."""

from __future__ import annotations

import asyncio
import io
import json
import re
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

import stoker
from stoker.bundle.find import find_bundle
from stoker.cli.history import report_of
from stoker.core.errors import ArtifactError, DataError, RecipeError
from stoker.core.events import Silent, listening
from stoker.engine.table_file import read_table
from stoker.pipeline.result import RefusedRun, RunResult
from stoker.pipeline.run import check, run
from stoker.serve.asgi import make_app
from stoker.serve.load_model import load_model
from stoker.serve.serve_settings import ServeSettings
from stoker.store.catalog import Catalog


class Heard(Silent):
    """Keeps what a run says."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def message(self, text: str) -> None:
        self.lines.append(text)

    def warning(self, text: str) -> None:
        self.lines.append(text)


def statuses(home: Path, result: RunResult) -> dict[str, str]:
    return {stage.stage: stage.status for stage in Catalog(home).run(result.run).stages}


def flat_png(width: int, height: int) -> bytes:
    """Many pixels in few bytes."""
    stream = io.BytesIO()
    Image.new("1", (width, height)).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_pictures_become_a_bundle_that_answers(digits_project: Path, home: Path) -> None:
    result = run(digits_project / "recipe.yaml", home=home)
    assert result.status == "done"
    assert result.metrics["accuracy"]["low"] <= result.metrics["accuracy"]["value"]
    assert result.report is not None
    assert "数字" in result.report.read_text(encoding="utf-8")
    assert result.bundle is not None
    picture = next((digits_project / "数字" / "7").iterdir())
    answer = stoker.load(result.bundle).predict([{"image": picture.read_bytes()}])
    assert answer.table.num_rows == 1
    assert Catalog(home).resolve("digits", "champion").version == 1


def test_what_training_takes_the_server_takes_and_not_one_pixel_more(
    digits_project: Path, home: Path
) -> None:
    largest, larger = flat_png(10_000, 8_000), flat_png(10_001, 8_000)
    (digits_project / "数字" / "7" / "largest.png").write_bytes(largest)
    (digits_project / "数字" / "7" / "larger.png").write_bytes(larger)
    recipe = digits_project / "recipe.yaml"
    text = recipe.read_text(encoding="utf-8")
    for old, new in {
        "{image: image}": "{image: {image: {size: 8, max_pixels: 80000000}}}",
        "epochs: 40": "epochs: 1",
        'gates: {accuracy: ">= 0.3"}, ': "",
    }.items():
        assert old in text
        text = text.replace(old, new)
    recipe.write_text(text, encoding="utf-8")
    result = run(recipe, home=home)
    assert result.bundle is not None
    (reject,) = [
        row for path in home.rglob("rejects.parquet") for row in read_table(path).to_pylist()
    ]
    assert reject["source"] == "数字/7/larger.png"
    assert "80,008,000 pixels; at most 80,000,000 are decoded" in reject["reason"]
    assert "max_pixels" in reject["reason"]
    app = make_app(load_model(result.bundle, ServeSettings(threads=1), version="1"))

    async def ask(data: bytes) -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            headers = {"content-type": "image/png"}
            return await client.post("/predict", content=data, headers=headers)

    async def ask_both() -> tuple[httpx.Response, httpx.Response]:
        answers = await ask(largest), await ask(larger)
        await app.close()
        return answers

    taken, refused = asyncio.run(ask_both())
    assert taken.status_code == 200, taken.text
    assert refused.status_code == 422
    assert reject["reason"] in refused.json()["error"]["cells"][0].values()


def test_a_second_run_does_nothing_but_say_so(tumours_project: Path, home: Path) -> None:
    first = run(tumours_project / "recipe.yaml", home=home)
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*.json")}
    heard = Heard()
    with listening(heard):
        second = run(tumours_project / "recipe.yaml", home=home)
    assert second.status == "unchanged"
    assert (second.run, second.bundle, second.report) == (first.run, first.bundle, first.report)
    assert "nothing to do" in heard.lines[-1]
    assert before == {path: path.stat().st_mtime_ns for path in home.rglob("*.json")}
    moved = home.rename(home.with_name("moved"))
    third = run(tumours_project / "recipe.yaml", home=moved)
    assert (third.status, third.run) == ("unchanged", first.run)
    assert third.bundle is not None
    assert third.report is not None
    assert third.bundle.is_relative_to(moved)
    assert third.report.is_relative_to(moved)


def test_a_run_registers_again_what_was_deleted(tumours_project: Path, home: Path) -> None:
    first = run(tumours_project / "recipe.yaml", home=home)
    catalog = Catalog(home)
    catalog.remove_alias("tumours", "champion")
    catalog.delete_model("tumours", 1)
    again = run(tumours_project / "recipe.yaml", home=home)
    assert (again.status, again.bundle) == ("done", first.bundle)
    assert set(statuses(home, again).values()) == {"cached"}
    assert catalog.resolve("tumours", "champion").version == 2


def test_only_what_changed_is_done_again(tumours_project: Path, home: Path) -> None:
    run(tumours_project / "recipe.yaml", home=home)
    changed = run(tumours_project / "recipe.yaml", home=home, overrides=["evaluate.resamples=150"])
    done = statuses(home, changed)
    assert {stage for stage, status in done.items() if status != "cached"} == {"evaluate", "bundle"}
    plan = check(tumours_project / "recipe.yaml", home=home, overrides=["seed=5"])
    assert [stage.status for stage in plan.stages[:3]] == ["cached", "cached", "to do"]
    assert plan.stages[0].rows == 569


def test_a_changed_raw_file_is_read_again(tumours_project: Path, home: Path) -> None:
    run(tumours_project / "recipe.yaml", home=home, until="split")
    table = tumours_project / "tumours.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join(lines[:-10]) + "\n", encoding="utf-8")
    again = run(tumours_project / "recipe.yaml", home=home, until="split")
    assert statuses(home, again) == {"acquire": "done", "clean": "done", "split": "done"}


def test_a_damaged_artifact_is_made_anew(tumours_project: Path, home: Path) -> None:
    first = run(tumours_project / "recipe.yaml", home=home)
    assert first.bundle is not None
    graph = first.bundle / "model.onnx"
    graph.chmod(0o644)
    damaged = bytearray(graph.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    graph.write_bytes(damaged)
    heard = Heard()
    with listening(heard):
        second = run(tumours_project / "recipe.yaml", home=home)
    assert second.status == "done"
    assert any("damaged" in line or "put aside" in line for line in heard.lines)
    stoker.load(first.bundle)


def test_a_missed_gate_registers_nothing(digits_project: Path, home: Path) -> None:
    with pytest.raises(RefusedRun, match=r"accuracy .* is not at least 0\.999") as refusal:
        run(
            digits_project / "recipe.yaml",
            home=home,
            overrides=["evaluate.gates.accuracy=>= 0.999", "train.epochs=1"],
        )
    assert refusal.value.exit_code == 3
    assert refusal.value.result.status == "refused"
    assert refusal.value.result.metrics["accuracy"]["value"] < 0.999
    assert Catalog(home).models() == []
    record = Catalog(home).run("latest")
    assert record.status == "failed"
    assert record.result["metrics"]["accuracy"]["value"] < 0.999, "its scores are kept"
    assert report_of(Catalog(home), home, record.id).is_file(), "and its report is found"


def test_too_many_bad_pictures_refuse_the_run(digits_project: Path, home: Path) -> None:
    for number in range(10):
        (digits_project / "数字" / "3" / f"bad-{number}.png").write_bytes(b"not a picture")
    with pytest.raises(DataError, match="10 of 610 records cannot be used") as refusal:
        run(digits_project / "recipe.yaml", home=home, until="clean")
    assert "data.max_rejects" in str(refusal.value)
    allowed = run(
        digits_project / "recipe.yaml",
        home=home,
        until="clean",
        overrides=["data.max_rejects=0.05"],
    )
    assert allowed.status == "partial"


def test_one_picture_in_two_classes_is_rejected_from_both(digits_project: Path, home: Path) -> None:
    pixels = np.full((8, 8), 77, dtype=np.uint8)
    for label in ("1", "2"):
        Image.fromarray(pixels).save(digits_project / "数字" / label / "same.png")
    advised = "data.clean=[{exact_duplicates: {conflicts: keep}}]"
    for overrides, conflicts in ((), 2), ([advised], 0):
        heard = Heard()
        with listening(heard):
            run(digits_project / "recipe.yaml", home=home, until="clean", overrides=overrides)
        fingerprint = Catalog(home).run("latest").stages[1].fingerprint
        said = json.loads((home / "artifacts" / str(fingerprint) / "clean.json").read_bytes())
        (notes,) = [step["notes"] for step in said["flows"] if step["step"] == "exact_duplicates"]
        assert notes["conflicts"] == conflicts
        told = [line for line in heard.lines if "pictures stand under several labels" in line]
        assert len(told) == bool(conflicts)
        assert all(
            "2 of " in line and ": '1' (1), '2' (1); mend the labels" in line for line in told
        )


def test_pictures_that_are_lost_are_not_told_of_people(digits_project: Path, home: Path) -> None:
    for label in ("1", "2"):
        pixels = np.full((8, 8), 77, dtype=np.uint8)
        Image.fromarray(pixels).save(digits_project / "数字" / label / "same.png")
    with pytest.raises(DataError, match="option `conflicts: keep`") as refusal:
        run(digits_project / "recipe.yaml", home=home, overrides=["data.max_lost=0"])
    assert "people" not in str(refusal.value)


def test_mistakes_are_answered_before_any_work(digits_project: Path, home: Path) -> None:
    recipe = digits_project / "recipe.yaml"
    with pytest.raises(RecipeError, match="no stage 'trian'"):
        run(recipe, home=home, until="trian")
    with pytest.raises(RecipeError, match="did you mean 'accuracy'"):
        run(recipe, home=home, overrides=["evaluate.gates.acuracy=>= 0.9"])
    with pytest.raises(RecipeError, match="epochs"):
        run(recipe, home=home, overrides=["train.epochs=-3"])
    assert not home.exists()


@pytest.mark.parametrize("key", ["train.epochs=2", "model.cnn.width=4", "seed=1"])
def test_equal_recipes_give_equal_bundles(digits_project: Path, tmp_path: Path, key: str) -> None:
    results = [
        run(digits_project / "recipe.yaml", home=tmp_path / name, overrides=[key])
        for name in ("one", "two")
    ]
    manifests = [json.loads((r.bundle / "manifest.json").read_bytes()) for r in results if r.bundle]
    assert manifests[0]["files"] == manifests[1]["files"]


def test_the_recipe_says_how_its_model_is_served(tumours_project: Path, home: Path) -> None:
    result = run(
        tumours_project / "recipe.yaml", home=home, overrides=["serve.port=9000", "compress=off"]
    )
    assert find_bundle("tumours", home).serve == {"port": 9000}
    assert find_bundle(str(result.bundle), home).serve == {}
    by_name = stoker.load("tumours@champion", home=home)
    assert by_name.info == stoker.load(str(result.bundle)).info
    with pytest.raises(ArtifactError, match="no bundle folder and no model 'tumors'"):
        stoker.load("tumors", home=home)


def test_the_report_says_how_to_use_the_model_and_what_compression_came_to(
    tumours_project: Path, home: Path
) -> None:
    result = run(tumours_project / "recipe.yaml", home=home, overrides=["seed=3"])
    assert result.report is not None
    page, card = (
        (result.report.parent / name).read_text("utf-8") for name in ("report.html", "card.md")
    )
    said = json.loads(result.report.with_name("report.json").read_bytes())
    assert f"stoker serve tumours --home {home}" in page
    assert "--set seed=3" in page
    assert "stratified by diagnosis" in page
    assert re.search(r"cells: \d+.*columns: .* and 26 more", page)
    (int8,) = [one for one in said["compress"]["candidates"] if one["name"] == "int8"]
    assert int8["status"] == "skipped"
    assert int8["size_bytes"] is None
    for text in (page, card):
        assert f"could not be made: {int8['reason']}" in text
    assert result.bundle is not None
    assert "could not be made" not in (result.bundle / "card.md").read_text("utf-8")


def test_a_refused_model_is_used_by_its_path(tumours_project: Path, home: Path) -> None:
    with pytest.raises(RefusedRun) as refusal:
        run(
            tumours_project / "recipe.yaml",
            home=home,
            overrides=["evaluate.gates.accuracy=> 1", "compress=off"],
        )
    result = refusal.value.result
    assert result.report is not None
    page = result.report.read_text("utf-8")
    assert "It is not registered as a model" in page
    assert f"stoker serve {result.bundle}\n" in page


OWN_METRIC = """\
from stoker.answers.classes import ClassAnswers
from stoker.evaluate.metrics import Metric


class HitRate(Metric):
    "Share of rows that are answered right, by hand."

    takes = ClassAnswers
    title = "Own hit rate"
    higher_is_better = True

    def prepare(self, answers):
        return answers.hit_N.astype(float)

    def value(self, prepared, draw):
        return draw.mean(prepared)
"""


def test_a_users_own_metric_is_measured_and_gated_by_one_name(
    tumours_project: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tumours_project / "own_metrics.py").write_text(OWN_METRIC, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tumours_project))
    recipe, name = tumours_project / "recipe.yaml", "own_metrics:HitRate"
    own = ["compress=off", f"evaluate.metrics=['{name}']"]
    result = run(recipe, home=home, overrides=[*own, f"evaluate.gates={{'{name}': '>= 0.8'}}"])
    own_score, accuracy = result.metrics[name], result.metrics["accuracy"]
    assert own_score["value"] == accuracy["value"]
    # Accuracy is a share of rows and has an exact interval; a metric of one's own is resampled.
    assert abs(own_score["low"] - accuracy["low"]) < 0.05
    assert result.report is not None
    assert f"{name} 0.9" in result.report.read_text("utf-8")
    assert "Own hit rate" in result.report.with_name("card.md").read_text("utf-8")
    assert name in Catalog(home).resolve("tumours").metrics
    with pytest.raises(RefusedRun, match=f"{name} .* is not above 1"):
        run(recipe, home=home, overrides=[*own, f"evaluate.gates={{'{name}': '> 1'}}"])
    with pytest.raises(RecipeError, match=r"add own_metrics:HitRate to evaluate\.metrics"):
        check(recipe, home=home, overrides=[f"evaluate.gates={{'{name}': '> 1'}}"])
    with pytest.raises(RecipeError, match="accuracy cannot stand here"):
        check(recipe, home=home, overrides=["evaluate.metrics=[accuracy]"])
    with pytest.raises(RecipeError, match="is about classes, and the answers"):
        check(recipe, home=home, overrides=[*own, "target={diagnosis: regress}"])


def test_the_learning_rate_can_be_found(digits_project: Path, home: Path) -> None:
    heard = Heard()
    with listening(heard):
        run(digits_project / "recipe.yaml", home=home, overrides=["train.rate=find"])
    (said,) = [line for line in heard.lines if "falls fastest" in line]
    assert 1e-5 < float(said.rsplit(" ", 1)[1]) < 1


COMMENT = "# written down by hand\n"


def test_the_card_of_a_bundle_quotes_the_recipe_that_made_it(
    tumours_project: Path, home: Path
) -> None:
    path = tumours_project / "recipe.yaml"
    run(path, home=home)
    path.write_text(path.read_text(encoding="utf-8") + COMMENT, encoding="utf-8")
    again = run(path, home=home)
    assert {stage for stage, status in statuses(home, again).items() if status == "done"} == {
        "bundle"
    }
    assert again.bundle is not None
    assert COMMENT in (again.bundle / "card.md").read_text(encoding="utf-8")


def test_the_order_of_inputs_counts(tumours_project: Path, home: Path) -> None:
    text = (tumours_project / "recipe.yaml").read_text(encoding="utf-8")
    path = tumours_project / "recipe.yaml"
    columns = ["mean radius", "mean texture"]
    kept = []
    for names in (columns, columns[::-1]):
        inputs = ", ".join(f"{name}: number" for name in names)
        path.write_text(f"{text}inputs: {{{inputs}}}\n", encoding="utf-8")
        kept.append(run(path, home=home, until="prepare"))
    assert statuses(home, kept[1])["prepare"] == "done"


def test_what_looks_on_repeats_nothing_and_says_where_there_is_nothing(
    tumours_project: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tumours_project)
    recipe, heard = tumours_project / "recipe.yaml", Heard()
    hooks = "train.hooks=[{log: {path: losses.jsonl, every: 1}}]"
    net = ["model={mlp: {hidden: [8]}}", "train.epochs=2", "compress=off"]
    run(recipe, home=home, overrides=[*net, hooks])
    lines = (tumours_project / "losses.jsonl").read_text("utf-8").splitlines()
    assert sum("validation_loss" in line for line in lines) == 2
    assert sum('"loss"' in line for line in lines) > 2
    again = run(recipe, home=home, overrides=net)
    assert statuses(home, again)["train"] == "cached"
    with listening(heard):
        run(recipe, home=home, overrides=["model=linear", "compress=off", hooks])
    assert any("linear is no network" in line for line in heard.lines)


def test_a_sampler_moves_no_odds_of_a_model_that_draws_no_rows(
    tumours_project: Path, home: Path
) -> None:
    told = ["compress=off", "train.sampler=weighted"]
    recipe = tumours_project / "recipe.yaml"
    trees = run(recipe, home=home, overrides=[*told, "model=linear"])
    assert stoker.load(str(trees.bundle)).decision.shift is None
    network = run(
        recipe, home=home, overrides=[*told, "model={mlp: {hidden: [8]}}", "train.epochs=2"]
    )
    assert stoker.load(str(network.bundle)).decision.shift is not None
