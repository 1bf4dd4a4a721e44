"""Collecting never removes what is reachable or in use, and removes all of the rest."""

from __future__ import annotations

import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stoker.store.garbage import Garbage
from stoker.store.store import Store

HOLD = """
from pathlib import Path
from stoker.store.store import Store
held = Store(Path(sys.argv[1])).find(sys.argv[2])
pause()
"""


@st.composite
def graphs(draw: st.DrawFn) -> dict[int, list[int]]:
    """Parents of each of some artifacts; parents have smaller numbers, some do not exist."""
    size = draw(st.integers(0, 12))
    return {
        n: draw(st.lists(st.integers(0, max(n - 1, 0)), max_size=3, unique=True)) if n else []
        for n in draw(st.lists(st.integers(0, size), unique=True))
    }


def reachable(parents: dict[int, list[int]], roots: set[int]) -> set[int]:
    """By the definition, without any cleverness."""
    found = {root for root in roots if root in parents}
    while True:
        more = found | {p for one in found for p in parents[one] if p in parents}
        if more == found:
            return found
        found = more


def named(parents: dict[int, list[int]]) -> dict[str, list[str]]:
    return {str(child): [str(p) for p in ps] for child, ps in parents.items()}


@given(graphs(), st.sets(st.integers(0, 12)))
def test_garbage_is_exactly_what_no_root_reaches(parents, roots):
    found = list(Garbage(named(parents), map(str, roots)))
    assert sorted(map(int, found)) == sorted(set(parents) - reachable(parents, roots))


@given(graphs())
def test_children_come_before_parents(parents):
    order = list(Garbage(named(parents), []))
    for child, its_parents in named(parents).items():
        for parent in its_parents:
            if parent in order:
                assert order.index(child) < order.index(parent)


@given(graphs(), st.sets(st.integers(0, 12)))
def test_keeping_one_on_the_way_keeps_its_ancestors(parents, held):
    garbage = Garbage(named(parents), [])
    removed = set()
    for one in garbage:
        if int(one) in held:
            garbage.keep(one)
        else:
            removed.add(int(one))
    assert removed == set(parents) - reachable(parents, held)


def test_a_long_history_and_a_cycle_are_no_problem():
    chain = {str(n): [str(n - 1)] for n in range(1, 20_000)} | {"0": []}
    assert len(list(Garbage(chain, []))) == 20_000
    assert list(Garbage(chain, ["19999"])) == []
    assert sorted(Garbage({"a": ["b"], "b": ["a"]}, [])) == ["a", "b"]


@settings(max_examples=15, deadline=None)
@given(graphs(), st.sets(st.integers(0, 12)), st.booleans())
def test_the_store_keeps_what_is_reachable(tmp_path_factory, make, parents, roots, dry_run):
    store = Store(tmp_path_factory.mktemp("gc") / "home")
    for n in sorted(parents):
        make(store, n, {f"p{p}": make.mark(p) for p in parents[n] if p in parents})
    removed = store.collect([make.mark(n) for n in roots], dry_run=dry_run)
    garbage = set(parents) - reachable(parents, roots)
    assert {one.fingerprint for one in removed} == {make.mark(n) for n in garbage}
    kept = set(parents) - (set() if dry_run else garbage)
    assert {m.fingerprint for m in store.manifests()} == {make.mark(n) for n in kept}
    for n in kept:
        make.found(store, n).verify()
    shutil.rmtree(store.home, ignore_errors=True)


def test_says_what_it_would_remove(store, make):
    make(store, 1)
    would = store.collect([], dry_run=True)
    assert [(one.kind, one.size_bytes) for one in would] == [("test", 1000)]
    assert store.collect([]) == would
    assert store.collect([]) == []


def test_what_this_process_uses_stays(store, make):
    make(store, 1)
    make(store, 2, {"from": make.mark(1)})
    held = make.found(store, 2)
    assert store.collect([]) == []
    held.verify()
    del held
    assert len(store.collect([])) == 2


def test_parents_of_a_draft_stay(store, make):
    make(store, 1)
    make(store, 2, {"from": make.mark(1)})
    with store.draft("test", make.mark(3), {"from": make.mark(2)}) as draft:
        (draft.folder / "a").write_text("x")
        assert store.collect([]) == []
        draft.publish()
    assert len(store.collect([make.mark(3)])) == 0
    assert len(store.collect([])) == 3


def test_what_another_process_uses_stays(store, make, start):
    make(store, 1)
    make(store, 2, {"from": make.mark(1)})
    make(store, 3)
    other = start(HOLD, str(store.home), make.mark(2))
    assert [one.fingerprint for one in store.collect([])] == [make.mark(3)]
    other.kill()
    assert len(store.collect([])) == 2


def test_roots_are_asked_for_when_nothing_new_can_be_published(store, make):
    make(store, 1)

    def roots() -> list[str]:
        locked = store.home / "locks" / "collect"
        assert locked.exists()
        return [make.mark(1)]

    assert store.collect(roots) == []


def test_damaged_artifacts_are_cleared_away(store, make, heard):
    artifact = make(store, 1)
    (artifact.folder / "a.bin").write_bytes(b"x")
    assert store.find(make.mark(1)) is None
    assert any((store.home / "damaged").iterdir())
    store.collect([], dry_run=True)
    assert any((store.home / "damaged").iterdir())
    store.collect([])
    assert not any((store.home / "damaged").iterdir())


def test_a_killed_collector_leaves_only_what_a_sweep_removes(store, make):
    make(store, 1)
    trash = store.home / "tmp" / f"{make.mark(1)}-0000"
    store.folder(make.mark(1)).rename(trash)
    Store(store.home).sweep()
    assert not trash.exists()


@pytest.mark.parametrize("name", ["not-a-fingerprint", "x" * 64])
def test_what_is_not_ours_is_left_alone(store, make, name):
    make(store, 1)
    (store.home / "artifacts" / name).mkdir()
    store.collect([])
    assert (store.home / "artifacts" / name).exists()
