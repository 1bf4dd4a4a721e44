"""`stoker doctor`: what is there, what is missing, and an exit code that scripts can use."""

from __future__ import annotations

import json
import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stoker.cli import machine
from stoker.cli.app import root


def doctor(home: Path, *options: str) -> Result:
    return CliRunner().invoke(root, ["doctor", "--home", str(home), *options], prog_name="stoker")


def test_a_sound_machine(tmp_path: Path) -> None:
    done = doctor(tmp_path / "家")
    assert done.exit_code == 0, done.output
    findings = {one["name"]: one for one in json.loads(doctor(tmp_path, "--json").output)}
    assert findings["sqlite"]["state"] == "ok"
    assert {"extra train", "extra tables", "extra serve"} <= set(findings)
    assert not list(tmp_path.iterdir()), "looking leaves nothing behind"


def test_a_home_that_cannot_be_written_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_options: object) -> None:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(machine.tempfile, "TemporaryFile", refuse)
    done = doctor(tmp_path)
    assert done.exit_code == 1
    assert "STOKER_HOME" in done.output


def test_a_missing_extra_is_a_warning_with_the_line_that_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_lightgbm(name: str) -> str:
        if name == "lightgbm":
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(machine, "version", without_lightgbm)
    done = doctor(tmp_path)
    assert done.exit_code == 0
    assert "pip install 'stoker[tables]'" in done.output
    assert doctor(tmp_path, "--strict").exit_code == 1


def test_a_container_limit_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text("1500000000\n", encoding="utf-8")
    monkeypatch.setattr(machine, "_CGROUP_LIMITS", (limit,))
    assert machine.memory_bytes() == 1_500_000_000
    limit.write_text("max\n", encoding="utf-8")
    assert machine.memory_bytes() > 1_500_000_000
