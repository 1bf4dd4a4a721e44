"""Errors at the edge: one block, the right exit code, no traceback; bugs are saved and named."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from stoker.cli.guard import Guard, explain, machine_error
from stoker.core.errors import DataError, GateError, MachineError, Place, RecipeError


def child(body: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """A process that meets `body` inside the guard."""
    code = (
        f"from stoker.cli.guard import Guard\nwith Guard(['run', '我的 recipe.yaml']):\n    {body}"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env=os.environ | {"PYTHONUTF8": "1"} | extra,
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RecipeError("epochs is -3", place=Place("r.yaml", 9)), 2),
        (DataError("no rows", expected="some", fix="add some"), 1),
        (GateError("accuracy is 0.9"), 3),
        (click.UsageError("no such option"), 2),
        (OSError(errno.ENOSPC, "No space left on device", "/data/x"), 1),
        (OSError(errno.EADDRINUSE, "Address already in use"), 1),
        (MemoryError(), 1),
    ],
)
def test_an_error_of_the_user_is_one_block(
    error: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert explain(error, []) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Traceback" not in shown.err
    assert shown.err.strip()


@pytest.mark.parametrize(
    "number", [errno.ENOSPC, errno.EACCES, errno.EADDRINUSE, errno.EROFS, errno.EMFILE, errno.EIO]
)
def test_a_refusal_of_the_machine_says_where_and_what_to_try(number: int) -> None:
    error = machine_error(OSError(number, os.strerror(number), "/数据/x"))
    assert isinstance(error, MachineError)
    assert "/数据/x" in str(error)
    assert "try:" in str(error)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        OSError("Memory mapping file failed: Cannot allocate memory"),
        ImportError("onnxruntime.so: failed to map segment from shared object"),
        RuntimeError("can't start new thread"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory"
        ),
        RuntimeError("std::bad_alloc"),
    ],
    ids=repr,
)
def test_a_lack_of_memory_is_told_in_whatever_words_it_comes(error: Exception) -> None:
    assert str(machine_error(error)).startswith("not enough memory")
    try:
        raise KeyError("name") from error
    except KeyError as wrapped:
        assert machine_error(wrapped) is not None  # noqa: PT017 - it is what was caught


def test_words_of_data_are_no_lack_of_memory() -> None:
    for error in (ValueError("column 'out of memory'"), KeyError("bad_alloc"), OSError("x")):
        assert machine_error(error) is None


@pytest.mark.parametrize("verb", ["run", "check"])
def test_too_little_address_space_is_one_line(tmp_path: Path, verb: str) -> None:
    (tmp_path / "recipe.yaml").write_text("version: 1\n")
    limited = f"ulimit -v 300000 && exec {sys.executable} -m stoker {verb}"
    done = subprocess.run(["bash", "-c", limited], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("MachineError: this process may use only 307 MB of address space")
    assert "ulimit -v unlimited" in done.stderr


def test_a_bug_is_one_line_and_a_file(tmp_path: Path) -> None:
    done = child("raise KeyError('inner')", TMPDIR=str(tmp_path))
    assert done.returncode == 70
    assert "stoker has a bug: KeyError: 'inner'" in done.stderr
    assert "Traceback" not in done.stderr
    path = re.search(r"traceback: (\S+)", done.stderr)
    assert path is not None
    saved = Path(path[1])
    assert "KeyError: 'inner'" in saved.read_text(encoding="utf-8")
    assert saved.stat().st_mode & 0o077 == 0


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    body = "from stoker.core.errors import DataError; raise DataError('no rows')"
    done = child(body, STOKER_DEBUG="1", TMPDIR=str(tmp_path))
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_ctrl_c_says_how_to_go_on() -> None:
    done = child("import os, signal; os.kill(os.getpid(), signal.SIGINT); signal.pause()")
    assert done.returncode == 128 + signal.SIGINT
    assert "stoker run '我的 recipe.yaml'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_closed_pipe_is_quiet() -> None:
    code = "from stoker.cli.guard import Guard\nwith Guard([]):\n    while True: print('x' * 4096)"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=30) == 141


def test_a_missing_library_of_an_extra_names_the_extra() -> None:
    done = child("raise ModuleNotFoundError('no lightgbm', name='lightgbm')")
    assert done.returncode == 1
    assert "pip install 'stoker[tables]'" in done.stderr


def test_a_quiet_end_stays_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    with Guard([]):
        pass
    with pytest.raises(SystemExit) as end, Guard([]):
        sys.exit(5)
    assert end.value.code == 5
    assert capsys.readouterr().err == ""
