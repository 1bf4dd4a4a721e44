"""Progress: plain lines off a terminal, bars on one, nothing on stdout, Chinese everywhere."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys

import pytest

from stoker.cli import progress
from stoker.cli.progress import Lines, make_listener
from stoker.core import events
from stoker.core.events import listening

WORK = """
import sys, time
from stoker.cli.progress import make_listener
from stoker.core import events
with events.listening(make_listener()):
    events.message('读取 [bold]数据[/bold]')
    events.warning('一行 was rejected')
    with events.task('训练 epoch 1', total=200, unit='行') as bar:
        for i in range(200):
            time.sleep(0.006)
            bar.advance()
            bar.note(f'loss {1 / (i + 1):.3f}')
print('answer')
"""


def on_a_terminal(columns: int, **extra: str) -> tuple[str, str]:
    """What the work shows on a pseudo-terminal, and what goes to stdout."""
    leader, follower = pty.openpty()
    environment = os.environ | {"COLUMNS": str(columns), "TERM": "xterm", "PYTHONUTF8": "1"} | extra
    with subprocess.Popen(
        [sys.executable, "-c", WORK], stdout=subprocess.PIPE, stderr=follower, env=environment
    ) as process:
        os.close(follower)
        shown = b"".join(iter(lambda: read_terminal(leader), b""))
        assert process.stdout is not None
        answer = process.stdout.read().decode()
    os.close(leader)
    return shown.decode(errors="replace"), answer


def read_terminal(leader: int) -> bytes:
    """Some bytes, or none when the other side has closed."""
    try:
        return os.read(leader, 65536)
    except OSError:
        return b""


@pytest.mark.parametrize("columns", [40, 100])
def test_bars_on_a_terminal(columns: int) -> None:
    shown, answer = on_a_terminal(columns)
    assert answer == "answer\n"
    assert "读取 [bold]数据[/bold]" in shown
    assert "warning: 一行 was rejected" in shown
    assert "/s" in shown
    assert "训练 epoch 1" in shown
    assert ("loss" in shown) is True


def test_no_color_means_no_color() -> None:
    shown, _ = on_a_terminal(100, NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", shown)


def test_a_dumb_terminal_gets_lines() -> None:
    shown, _ = on_a_terminal(100, TERM="dumb")
    assert "\x1b" not in shown
    assert "训练 epoch 1: 200 行 in" in shown


def test_lines_are_limited_in_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(x * 0.5 for x in range(1000))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    stream = io.StringIO()
    with listening(Lines(stream)), events.task("decode", total=100, unit="images") as bar:
        for _ in range(100):
            bar.advance()
    lines = stream.getvalue().splitlines()
    assert lines[0] == "decode: 20/100 images, 2/s, 40.0 s left"
    assert lines[-1] == "decode: 100 images in 50.5 s"
    assert len(lines) <= 7


def test_a_resumed_task_counts_its_rate_from_where_it_began(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = iter([0.0, 20.0, 21.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    stream = io.StringIO()
    with listening(Lines(stream)), events.task("train", total=100, unit="steps", done=50) as bar:
        bar.advance(20)
    assert stream.getvalue().splitlines()[0] == "train: 70/100 steps, 1/s, 30.0 s left"


def test_a_slow_task_says_how_long_each_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 20.0, 21.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    stream = io.StringIO()
    with listening(Lines(stream)), events.task("train", total=100, unit="steps") as bar:
        bar.advance(8)
    assert stream.getvalue().splitlines()[0] == ("train: 8/100 steps, 2.5 s each, 3 min 50 s left")


def test_a_task_that_has_not_moved_has_no_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 20.0, 21.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    stream = io.StringIO()
    with listening(Lines(stream)), events.task("train", total=100, unit="steps") as bar:
        bar.advance(0)
    assert stream.getvalue().splitlines()[0] == "train: 0/100 steps"


def test_a_short_task_says_nothing() -> None:
    stream = io.StringIO()
    with listening(Lines(stream)), events.task("split", total=1) as bar:
        bar.advance()
    assert stream.getvalue() == ""


def test_without_a_terminal_rich_is_not_loaded() -> None:
    code = f"{WORK}\nassert 'rich' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert make_listener(io.StringIO()).__class__ is Lines
