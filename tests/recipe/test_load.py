"""A recipe is read as it was meant; each mistake is answered with its line and what to write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stoker.core.errors import MachineError, RecipeError, StokerError
from stoker.core.steps import make_step
from stoker.core.value import Value
from stoker.features import Feature
from stoker.recipe.load import load_recipe
from stoker.recipe.model import Recipe, Split, stage_of
from stoker.recipe.words import section_in

BASE = """\
version: 1
name: digits
data:
  sources:
    - csv: {path: data/rows.csv}
  clean: [exact_duplicates]
  split: {test: 0.2, stratify: 标签}
inputs:
  年龄: number
  city: {category: {min_count: 2}}
target: {标签: classify}
train: {preset: good, budget: 1h30m, rate: 1e-3}
evaluate: {gates: {accuracy: ">= 0.98"}}
serve: {port: 8081}
"""


def refused(text: str | dict[str, Any], *overrides: str) -> str:
    with pytest.raises(StokerError) as caught:
        load_recipe(text, overrides)
    return str(caught.value)


def changed(old: str, new: str) -> str:
    assert BASE.count(old) == 1, old
    return BASE.replace(old, new)


def test_reads_what_is_written():
    recipe = load_recipe(BASE)
    assert (recipe.name, recipe.target_column, recipe.seed) == ("digits", "标签", 0)
    assert (recipe.train.budget, recipe.train.rate, recipe.train.epochs) == (5400, 0.001, None)
    assert list(recipe.inputs or {}) == ["年龄", "city"]
    assert recipe.data.split.spec() == {"stratified": {"test": 0.2, "validation": 0.15}}
    assert recipe.text == BASE
    assert recipe.project == Path.cwd()


def test_only_what_was_written_overrules_the_preset():
    assert load_recipe(BASE).train.given == {"rate": 0.001}
    recipe = load_recipe(BASE, ["train.gradient_clip=", "train.epochs=3", "train.threads=2"])
    assert recipe.train.given == {"rate": 0.001, "gradient_clip": None, "epochs": 3}


def test_the_canonical_form_says_everything_and_reads_back():
    recipe = load_recipe(BASE)
    canonical = recipe.canonical()
    assert canonical["data"]["sources"][0]["csv"]["path"] == "data/rows.csv"
    assert canonical["compress"]["max_accuracy_loss"] == 0.005
    assert canonical["serve"]["port"] == 8081
    again = load_recipe(json.dumps(canonical, indent=1))
    assert again.canonical() == canonical
    spaced = BASE.replace("\n", "  # comment\n\n").replace("1h30m", '"90m"')
    assert load_recipe(spaced).canonical() == canonical


def test_a_file_starts_in_its_own_folder(tmp_path):
    (tmp_path / "配方.yaml").write_text(BASE, encoding="utf-8-sig")
    recipe = load_recipe(tmp_path / "配方.yaml")
    assert recipe.project == tmp_path
    assert recipe.text == BASE
    assert load_recipe(str(tmp_path / "配方.yaml"), project=tmp_path / "x").project == (
        tmp_path / "x"
    )


def test_a_mapping_may_hold_steps():
    source = load_recipe(BASE).data.sources[0]
    number = make_step("stoker.features", "number", Feature)
    recipe = load_recipe(
        {
            "version": 1,
            "name": "x",
            "data": {"sources": [source], "split": Split(test=0.3)},
            "inputs": {"a": number},
            "target": {"y": "regress"},
            "train": {"augment": ()},
        },
        ["seed=3"],
    )
    assert recipe.data.sources == (source,)
    assert recipe.inputs == {"a": number}
    assert recipe.data.split.test == 0.3
    assert recipe.seed == 3
    assert recipe.train.given == {"augment": ()}


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        ({}, "random"),
        ({"stratify": "y"}, "stratified"),
        ({"stratify": "y", "group": "g"}, "by_group"),
        ({"group": "g", "time": "t"}, "by_time"),
    ],
)
def test_the_keys_of_the_split_choose_its_step(keys, name):
    assert list(Split(**keys).spec()) == [name]


def test_compress_may_be_off():
    for off in ("off", "null", "~", ""):
        assert load_recipe(f"{BASE}compress: {off}\n").compress is None
    assert load_recipe(BASE).compress is not None


# Golden messages of the bad-recipe corpus: what was there, what is there now, first line, hint.
CORPUS = [
    ("train: {", "trian: {", "recipe:12:1: unknown key 'trian' in the recipe", "mean 'train'?"),
    ("rate:", "rates:", "recipe:12:38: unknown key 'rates' in train", "did you mean 'rate'?"),
    ("min_count", "mincount", "recipe:10:21: unknown key 'mincount' in inputs.city.category", ""),
    ("- csv:", "- cvs:", "recipe:5:7: no step 'cvs' at acquire", "did you mean 'csv'?"),
    ("number", "numbr", "recipe:9:7: no step 'numbr' at features", "did you mean 'number'?"),
    ("classify", "clasify", "recipe:11:14: no step 'clasify' at tasks", "mean 'classify'?"),
    ("1e-3", '"1e-3"', "recipe:12:44: train.rate is '1e-3'", "a number above 0"),
    ("1e-3", "0", "recipe:12:44: train.rate is 0", "a number above 0"),
    ("1e-3", "-1", "recipe:12:44: train.rate is -1", "a number above 0"),
    ("1e-3", ".nan", "recipe:12:44: train.rate is '.nan'", "a number above 0"),
    ("1e-3", "no", "recipe:12:44: train.rate is 'no'", "a number above 0"),
    ("rate: 1e-3", "epochs: -3", "recipe:12:46: train.epochs is -3", "at least 1"),
    ("rate: 1e-3", "epochs: 2.5", "recipe:12:46: train.epochs is 2.5", "a whole number"),
    ("rate: 1e-3", "epochs: 010", "recipe:12:46: train.epochs is '010'", "a whole number"),
    ("rate: 1e-3", "epochs: 1:30", "recipe:12:46: train.epochs is '1:30'", "a whole number"),
    ("rate: 1e-3", "epochs: true", "recipe:12:46: train.epochs is true", "a whole number"),
    ("rate: 1e-3", "batch_size: 0", "recipe:12:50: train.batch_size is 0", "at least 1"),
    ("rate: 1e-3", "optimizer: adamww", "recipe:12:49: no step 'adamww' at optim", "'adamw'"),
    ("1h30m", "90 minutes", "recipe:12:31: train.budget: a duration is written like", "30s, 5m"),
    ("1h30m", "0", "recipe:12:31: train.budget: a duration is above zero", "30s, 5m"),
    ("preset: good", "preset: Good", "recipe:12:17: train.preset is 'Good'", "'good'"),
    ("test: 0.2", "test: 1.5", "recipe:7:17: data.split.test is 1.5", "at least 0 and below 1"),
    ("test: 0.2", "test: 0.9", "recipe:7:10: data.split: test + validation is 1.05", ""),
    ('">= 0.98"', '"0.98"', "recipe:13:19: evaluate.gates: '0.98' is not a rule", ""),
    ('">= 0.98"', "0.98", "recipe:13:30: evaluate.gates.accuracy is 0.98", "text"),
    ("8081", "99999", "recipe:14:15: serve.port is 99999", "a whole number from 0 to 65,535"),
    ("  sources:", "  source:", "recipe:4:3: unknown key 'source' in data", "mean 'sources'?"),
    ("name:", "source: x\nname:", "recipe:2:1: unknown key 'source' in the", "'data.sources'?"),
    ("name:", "epochs: 3\nname:", "recipe:2:1: unknown key 'epochs' in", "mean 'train.epochs'?"),
    ("port", "prot", "recipe:14:9: unknown key 'prot' in serve", "did you mean 'port'?"),
    ("name: digits", "name: 数字/../x", "recipe:2:7: name: 1 to 128 of A-Z", "text"),
    ("name: digits\n", "", "recipe:1:1: the recipe lacks the key 'name'", "name of the model"),
    ("target: {标签: classify}\n", "", "recipe:1:1: the recipe lacks the key 'target'", ""),
    ("target: {标签: classify}", "target: 标签", "recipe:11:9: target is '标签'", "column: name"),
    (
        "target: {标签: classify}",
        "target: 标签",
        "recipe:11:9: target",
        "`target: {标签: classify}`",
    ),
    (
        "inputs:\n  年龄: number\n  city: {category: {min_count: 2}}\n",
        "inputs: [a, b]\n",
        "recipe:8:9: inputs is",
        "`inputs: {a: number, b: number}`",
    ),
    ("{path: data/rows.csv}", "data/rows.csv", "recipe:5:12: data.sources.0.csv", "csv: {path: d"),
    (
        "target: {标签: classify}",
        "target: {a: classify, b: classify}",
        "recipe:11:9: target is",
        "",
    ),
    ("target: {标签: classify}", "target: {}", "recipe:11:9: target is {}", "a mapping"),
    (
        "标签: classify",
        "年龄: classify",
        "recipe:1:1: the recipe: column '年龄' is both target",
        "",
    ),
    ("[exact_duplicates]", "exact_duplicates", "recipe:6:10: data.clean is 'exact", "[exact_dup"),
    ("{path: data/rows.csv}", "null", "recipe:5:7: data.sources.0.csv lacks the key 'path'", ""),
    ("{path: data/rows.csv}", "7", "recipe:5:12: data.sources.0.csv is 7", "a mapping with"),
    ("- csv: {path: data/rows.csv}", "- 3", "recipe:5:7: data.sources.0 is 3", "a name, or one"),
    ("data/rows.csv", '" "', "recipe:5:19: ' ' is no path", "the path of a file"),
    ("data/rows.csv", '"a\\0b"', "recipe:5:19: 'a\\x00b' is no path", "the path of a file"),
    ("version: 1", "version: 2", "recipe:1:10: the recipe has version 2", "upgrade stoker"),
    ("version: 1", "version: '1'", "recipe:1:10: the recipe has version '1'", "version: 1"),
    ("version: 1", "version: 0", "recipe:1:10: the recipe has version 0", "version: 1"),
    ("version: 1\n", "", "recipe:1:1: the recipe has no version", "first line"),
]


@pytest.mark.parametrize(
    ("old", "new", "line", "hint"), CORPUS[:-1], ids=[c[2] for c in CORPUS[:-1]]
)
def test_each_mistake_is_answered_with_its_line(old, new, line, hint):
    said = refused(changed(old, new))
    assert said.startswith(line)
    assert hint in said
    assert len(said.splitlines()) <= 3


def test_two_keys_in_one_step_are_explained():
    said = refused(changed("- csv: {path: data/rows.csv}", "- csv:\n      path: data/rows.csv"))
    assert said.startswith('recipe:5:7: data.sources.0 is {"csv": null, "path": "data/rows.csv"}')
    assert "indent the fields one level deeper" in said


@pytest.mark.parametrize("text", ["- a\n- b\n", "just text\n", "3\n", "\n\n"])
def test_what_is_no_mapping_is_no_recipe(text):
    assert refused(text).startswith("recipe:1:") or refused(text).startswith("recipe:1")


def test_files_that_are_none_say_so(tmp_path):
    with pytest.raises(RecipeError, match=r"no such recipe(.|\n)*stoker init"):
        load_recipe(tmp_path / "missing.yaml")
    with pytest.raises(RecipeError, match="not a file"):
        load_recipe(tmp_path)
    (tmp_path / "big.yaml").write_bytes(b"a: 1\n" * 100_000)
    with pytest.raises(RecipeError, match="too large"):
        load_recipe(tmp_path / "big.yaml")


def test_a_file_that_may_not_be_read_is_the_machines_error(tmp_path, monkeypatch):
    path = tmp_path / "r.yaml"
    path.write_text(BASE)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(MachineError, match=r"cannot read .*r\.yaml: Permission denied"):
        load_recipe(path)


def test_nothing_is_expanded(monkeypatch):
    monkeypatch.setenv("SECRET", "leaked")
    recipe = load_recipe(changed("data/rows.csv", "'$SECRET/${SECRET}/~/%s'"))
    assert "leaked" not in json.dumps(recipe.canonical())


def test_a_recipe_is_a_frozen_value():
    recipe = load_recipe(BASE)
    with pytest.raises(ValueError, match="frozen"):
        recipe.seed = 1  # pyrefly: ignore[read-only]  # what is being tested
    assert isinstance(recipe, Value)
    assert recipe.model_copy().text == BASE


def test_the_recipe_stays_small():
    """A limit, not a list: everything else belongs into presets and steps."""

    def count(owner: type[Value]) -> int:
        total = 0
        for field in owner.model_fields.values():
            inner = None if stage_of(field.metadata) else section_in(field.annotation)
            total += 1 + (count(inner) if inner else 0)
        return total

    assert count(Recipe) <= 50


@pytest.mark.parametrize("path", sorted(Path("examples").glob("*.yaml")), ids=str)
def test_every_example_is_a_recipe(path):
    assert load_recipe(path).name
