"""Threads of a worker: measured when some cores have no worker, and a wish always wins."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.core.processors import available_cores
from stoker.serve.serve_settings import ServeSettings
from stoker.serve.thread_trial import choose, measure

CORES = available_cores()


class Clock:
    """Time that passes where a run of the trial says so."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.runs: list[int] = []

    def __call__(self) -> float:
        return self.now_s

    def run(self, count: int, takes_s: float) -> None:
        self.now_s += takes_s
        self.runs.append(count)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("stoker.serve.thread_trial.perf_counter", made)
    return made


def test_the_trial_takes_a_second_and_a_round(clock: Clock) -> None:
    best_s = measure({1: lambda: clock.run(1, 0.25), 2: lambda: clock.run(2, 0.125)})
    assert best_s == {1: 0.25, 2: 0.125}
    assert clock.runs == [1, 2] * 3, "two rounds are 0.75 s, three are more than a second"


def test_a_tiny_model_is_tried_for_a_moment_only(clock: Clock) -> None:
    measure({1: lambda: clock.run(1, 1e-6), 8: lambda: clock.run(8, 1e-6)})
    assert clock.runs == [1, 8] * 20


@given(st.dictionaries(st.integers(1, 64), st.floats(1e-6, 10), min_size=1, max_size=2))
def test_more_threads_must_be_a_tenth_faster(seconds: Mapping[int, float]) -> None:
    chosen = choose(seconds)
    few, many = min(seconds), max(seconds)
    assert chosen == (many if seconds[many] < 0.9 * seconds[few] else few)


@given(st.integers(0, 64), st.integers(0, 64))
def test_choices_never_exceed_the_cores_and_a_wish_wins(workers: int, threads: int) -> None:
    choices = ServeSettings(workers=workers, threads=threads).thread_choices
    if threads:
        assert choices == (threads,)
    elif workers == 0:
        assert choices == (1,)
    else:
        assert choices[0] == 1
        assert all(count == 1 or count * workers <= CORES for count in choices)


@pytest.mark.skipif(CORES < 2, reason="one core leaves nothing to choose")
@pytest.mark.parametrize("threads", [0, 1, 2])
def test_the_server_says_what_it_measured(
    digits: Path, start: Callable[..., Any], threads: int
) -> None:
    with start(digits, workers=1, threads=threads) as server:
        found = re.search(r"\(1 worker x (\d+) thread", server.greeting)
        assert found is not None
    times = r"; threads measured: a batch takes [\d.e-]+ ms on 1, [\d.e-]+ ms on \d+\)"
    assert (re.search(times, server.greeting) is not None) == (threads == 0)
    allowed = {1, CORES} if threads == 0 else {threads}
    assert int(found[1]) in allowed


def test_without_a_wish_each_core_has_a_worker_and_nothing_is_measured(
    digits: Path, start: Callable[..., Any]
) -> None:
    with start(digits, workers=0) as server:
        assert f"({CORES} workers x 1 thread," in server.greeting
        assert "a batch takes" not in server.greeting
