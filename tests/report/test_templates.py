"""Templates are compiled once a machine, and never where Python keeps nothing."""

from __future__ import annotations

import resource
import sys

import pytest

from stoker.report import _templates


@pytest.fixture(autouse=True)
def _python_keeps_bytecode(monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)


def test_what_was_compiled_is_found_again(tmp_path, monkeypatch):
    first = _templates.compiled(tmp_path / "__pycache__")
    assert first is not None
    environment = _templates.environment().overlay(bytecode_cache=first)
    environment.get_template("profile.html.j2")
    (kept,) = (tmp_path / "__pycache__").iterdir()
    before = kept.stat().st_mtime_ns
    again = _templates.environment().overlay(
        bytecode_cache=_templates.compiled(tmp_path / "__pycache__")
    )
    monkeypatch.setattr(type(again), "compile", None)
    again.get_template("profile.html.j2")
    assert kept.stat().st_mtime_ns == before


def test_other_options_find_nothing(tmp_path, monkeypatch):
    one = _templates.compiled(tmp_path)
    monkeypatch.setitem(_templates._OPTIONS, "trim_blocks", False)
    other = _templates.compiled(tmp_path)
    assert one is not None
    assert other is not None
    assert one.pattern != other.pattern


def test_nothing_is_kept_where_python_keeps_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert _templates.compiled(tmp_path / "__pycache__") is None
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_no_more_costs_time_and_no_report(tmp_path):
    kept = _templates.compiled(tmp_path / "__pycache__")
    environment = _templates.environment().overlay(bytecode_cache=kept)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, hard))
    try:
        environment.get_template("profile.html.j2")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list((tmp_path / "__pycache__").iterdir()) == []
