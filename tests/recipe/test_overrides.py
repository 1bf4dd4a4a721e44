"""One key is changed, the rest stays, and a wrong key names the override."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.core.errors import RecipeError
from stoker.recipe.load import load_recipe
from stoker.recipe.overrides import apply_override, parse_override

BASE = """\
version: 1
name: x
data: {sources: [{csv: {path: a.csv}}], split: {test: 0.1}}
target: {y: classify}
model: mlp
"""


@pytest.mark.parametrize(
    ("override", "read", "value"),
    [
        ("train.epochs=3", lambda r: r.train.epochs, 3),
        ("train.rate=1e-3", lambda r: r.train.rate, 0.001),
        ("train.budget=5m", lambda r: r.train.budget, 300),
        ("data.split.test=0.2", lambda r: r.data.split.test, 0.2),
        ("data.split.group=作者", lambda r: r.data.split.group, "作者"),
        ("data.sources.0.csv.path=b=c.csv", lambda r: r.data.sources[0].paths(), ("b=c.csv",)),
        ("data.sources.1={csv: {path: b.csv}}", lambda r: len(r.data.sources), 2),
        ("data.clean=[exact_duplicates]", lambda r: len(r.data.clean), 1),
        ("data.clean.0=exact_duplicates", lambda r: 0, 0),
        ("model.mlp.hidden=[7]", lambda r: r.model.hidden, (7,)),
        ("model=logistic", lambda r: type(r.model).__name__, "Logistic"),
        ("model=", lambda r: r.model, None),
        ('inputs."a.b"=number', lambda r: list(r.inputs), ["a.b"]),
        ("compress=off", lambda r: r.compress, None),
        ("evaluate.gates.f1=>= 0.9", lambda r: r.evaluate.gates, {"f1": ">= 0.9"}),
        ("evaluate.gates.ece=< 1", lambda r: r.evaluate.gates, {"ece": "< 1"}),
        ("seed = 7", lambda r: r.seed, 7),
    ],
)
def test_changes_one_key(override, read, value):
    base = BASE.replace("split", "clean: [], split")
    assert read(load_recipe(base, [override])) == value


def test_later_ones_win_and_build_on_earlier_ones():
    recipe = load_recipe(BASE, ["model=cnn", "model.cnn.width=8", "seed=1", "seed=2"])
    assert recipe.model is not None
    assert recipe.model.model_dump()["width"] == 8
    assert recipe.seed == 2
    assert recipe.text == BASE


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("train.epochs=x", "--set train.epochs=x: train.epochs is 'x'"),
        ("train.epoch=3", "--set train.epoch=3: unknown key 'epoch' in train"),
        ("trian.epochs=3", "--set trian.epochs=3: unknown key 'trian'"),
        ("train.optimizer=adamww", "--set train.optimizer=adamww: no step 'adamww'"),
        ("model=[]", "--set model=[]: model is []"),
        ("data.sources.5=x", "--set 'data.sources.5=x': 5 is not a position in a list of 1"),
        ("data.sources.x=1", "--set 'data.sources.x=1': 'x' is not a position"),
        ("name.x=1", '--set name.x=1: name is {"x": 1}'),
        ("name.y=1", "--set 'name.y=1': 'x' has no key 'y'"),
        ("train", "--set 'train': cannot be read"),
        ("=3", "--set '=3': cannot be read"),
        ("a..b=3", "--set 'a..b=3': cannot be read"),
        (".=3", "--set '.=3': cannot be read"),
        ("seed=&a 1", "--set 'seed=&a 1':1:1: found anchor &a"),
        ("seed=1\n---\n2", "--set 'seed=1\\n---\\n2':2:1: found a second document"),
        ("version=2", "the recipe has version 2"),
        ('data.sources.0.csv.path=" "', "--set data.sources.0.csv.path"),
    ],
)
def test_a_wrong_one_is_named(override, message):
    with pytest.raises(RecipeError) as caught:
        load_recipe(BASE, [override])
    assert message in str(caught.value)


KEYS = st.text(st.characters(codec="utf-8", exclude_characters='".='), min_size=1, max_size=4)
TREES = st.recursive(
    st.integers(),
    lambda inner: st.dictionaries(KEYS.filter(lambda k: not k.strip().isdecimal()), inner),
)


@given(st.dictionaries(KEYS, TREES, max_size=3), st.lists(KEYS, min_size=1, max_size=3))
def test_what_is_set_is_there_and_the_rest_stays(tree, keys):
    before = copy.deepcopy(tree)
    override = ".".join(f'"{key}"' for key in keys) + "=5"
    try:
        path, _ = parse_override(override)
        found, _ = apply_override(tree, override)
    except RecipeError:
        return
    assert tree == before, "the original was changed"
    here = found
    for key in path[:-1]:
        here = here[str(key)]
    assert here[str(path[-1])] == 5
    others = {key: value for key, value in found.items() if key != str(path[0])}
    assert others == {key: value for key, value in before.items() if key != str(path[0])}
