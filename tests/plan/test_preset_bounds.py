"""Which model and which settings a preset takes at the edge of what it looks at."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from stoker.models.bag import Bag
from stoker.models.blend import Blend
from stoker.models.cnn import Cnn
from stoker.models.dilated_cnn import DilatedCnn
from stoker.models.pretrained import Pretrained
from stoker.plan.presets import Preset, Texts, choose_model

COLOUR, GREY = (3, 32, 32), (1, 32, 32)


@pytest.mark.parametrize(
    ("preset", "picture", "num_rows", "given", "fine_tune"),
    [
        ("good", COLOUR, 20_000, (), 1),
        ("best", COLOUR, 20_000, (), 2),
        ("good", COLOUR, 20_001, (), None),
        ("good", GREY, 100, (), None),
        ("good", (4, 32, 32), 100, (), 1),
        ("fast", COLOUR, 100, (), None),
        ("good", COLOUR, 100, ("epochs",), None),
        ("good", COLOUR, 100, ("budget_s", "checkpoint_every_s", "threads", "class_weights"), 1),
    ],
)
def test_few_colour_pictures_start_from_a_backbone(
    preset: Preset,
    picture: tuple[int, int, int],
    num_rows: int,
    given: Collection[str],
    fine_tune: int | None,
) -> None:
    model, why = choose_model(
        preset, picture=picture, has_table=False, num_rows=num_rows, given=given
    )
    if fine_tune is None:
        assert isinstance(model, Cnn)
        return
    assert isinstance(model, Pretrained)
    assert model.fine_tune == fine_tune
    assert why.startswith(f"pretrained, as {num_rows:,} colour pictures are few")


@pytest.mark.parametrize(
    ("preset", "width", "depth"), [("fast", 16, 1), ("good", 32, 1), ("best", 32, 2)]
)
@pytest.mark.parametrize("has_table", [False, True])
def test_a_network_for_pictures_grows_with_the_preset(
    preset: Preset, width: int, depth: int, has_table: bool
) -> None:
    model, why = choose_model(preset, picture=GREY, has_table=has_table, num_rows=100)
    assert isinstance(model, Cnn)
    assert (model.width, model.depth, model.dropout) == (width, depth, 0.2)
    joined = " joined by the other columns" if has_table else ""
    assert why == f"cnn (width {width}, depth {depth}) for images{joined}"


@pytest.mark.parametrize(
    ("texts", "kind"), [("none", Blend), ("rows", Bag), ("tokens", DilatedCnn)]
)
def test_tables_are_blended_unless_rows_have_any_length(texts: Texts, kind: type) -> None:
    model, _ = choose_model("good", picture=None, has_table=True, num_rows=100, texts=texts)
    assert type(model) is kind


def test_pictures_beside_tokens_are_learned_from_scratch() -> None:
    model, _ = choose_model("good", picture=COLOUR, has_table=True, num_rows=100, texts="rows")
    assert isinstance(model, Cnn)
