"""What every strategy promises; a new file is tested as soon as it exists."""

from __future__ import annotations

from typing import Any

import pytest

from stoker.core.steps import find_step, step_names
from stoker.train.settings import Settings
from stoker.train.strategies import STAGE, Strategy
from stoker.train.strategies.single import Single


def trained(tiny: Any, strategy: Strategy) -> Any:
    settings = Settings(epochs=2, batch_size=32, rate=3e-3, strategy=strategy, ema=0.9)
    return tiny.train(settings, model={"mlp": {"hidden": (16,)}})


@pytest.fixture(params=step_names(STAGE))
def strategy(request: pytest.FixtureRequest) -> Strategy:
    return find_step(STAGE, request.param, Strategy)()


def test_equal_seeds_give_the_weights_of_single(
    make_tiny: Any, tmp_path: Any, weights_sha: Any, strategy: Strategy
) -> None:
    first, second, single = (
        trained(make_tiny(tmp_path / str(number)), one)
        for number, one in enumerate((strategy, strategy, Single()))
    )
    assert weights_sha(first.network) == weights_sha(second.network)
    for name, weight in single.network.state_dict().items():
        found = first.network.state_dict()[name]
        assert (found - weight).abs().max() <= 1e-3 * weight.abs().max() + 1e-6, name
