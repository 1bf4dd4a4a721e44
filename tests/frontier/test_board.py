"""What an answer of each candidate costs stands beside its score."""

from __future__ import annotations

import pytest

import stoker
from stoker.report.facts import ReportFacts

ROWS = {
    "x": [float(n % 17) + 0.1 * (n % 7) for n in range(400)],
    "town": [f"t{n % 5}" for n in range(400)],
    "y": [float(n % 17) * (1 + n % 5) + 0.3 * (n % 11) for n in range(400)],
}


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> ReportFacts:
    home = tmp_path_factory.mktemp("home")
    done = stoker.run(ROWS, target="y", home=home, train={"threads": 1}, compress="off")
    assert done.report is not None
    return ReportFacts.model_validate_json(done.report.with_name("report.json").read_bytes())


def test_every_member_has_a_size_and_a_time(facts: ReportFacts) -> None:
    assert facts.leaderboard is not None
    times = {one.name: one.answer_ms for one in facts.timings}
    members = facts.leaderboard.members
    assert members
    for one in members:
        assert one.size_bytes is not None
        assert one.size_bytes > 500
        took = times[one.name]
        assert took is not None
        assert 0 < took < 1_000


def test_a_candidate_that_was_given_up_has_neither(facts: ReportFacts) -> None:
    assert facts.leaderboard is not None
    times = {one.name: one.answer_ms for one in facts.timings}
    for one in facts.leaderboard.entries:
        if "given up" in one.note:
            assert one.size_bytes is None
            assert times[one.name] is None


def test_learned_numbers_settings_and_threads_are_told(facts: ReportFacts) -> None:
    training = facts.training
    assert training is not None
    assert training.threads == 1
    assert training.num_weights is not None
    assert training.num_weights > 4
    assert facts.leaderboard is not None
    assert set(training.settings) == {one.name for one in facts.leaderboard.members}
    for name, settings in training.settings.items():
        wanted = "num_leaves" if name.startswith("trees") else "penalty"
        assert wanted in settings


def test_the_curve_by_rows_stands_in_the_report(facts: ReportFacts) -> None:
    assert facts.learning_curve is not None
    assert len(facts.learning_curve.points) >= 2
