"""Whoever listens hears everything of his own context, and nobody else does."""

from __future__ import annotations

import contextvars

import pytest

from stoker.core import events


class View:
    def __init__(self, heard: list[str]) -> None:
        self.heard = heard

    def advance(self, amount: float = 1) -> None:
        self.heard.append(f"advance {amount}")

    def note(self, text: str) -> None:
        self.heard.append(f"note {text}")

    def close(self) -> None:
        self.heard.append("close")


class Listener:
    def __init__(self) -> None:
        self.heard: list[str] = []

    def task(self, title: str, total: float | None, unit: str, done: float) -> View:
        self.heard.append(f"task {title} {total} {unit} {done}")
        return View(self.heard)

    def message(self, text: str) -> None:
        self.heard.append(f"message {text}")

    def warning(self, text: str) -> None:
        self.heard.append(f"warning {text}")


def speak() -> None:
    events.message("a")
    events.warning("b")
    with events.task("c", total=2, unit="rows", done=1) as task:
        task.advance(0.5)
        task.note("d")


def test_a_listener_hears_all_in_order():
    listener = Listener()
    with events.listening(listener):
        speak()
    assert listener.heard == [
        "message a",
        "warning b",
        "task c 2 rows 1",
        "advance 0.5",
        "note d",
        "close",
    ]


def test_nobody_listening_is_silence(capfd):
    speak()
    assert capfd.readouterr() == ("", "")


def test_a_task_that_fails_is_closed():
    listener = Listener()

    def fail() -> None:
        with events.listening(listener), events.task("x"):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert listener.heard[-1] == "close"
    speak()
    assert len(listener.heard) == 2, "heard after it stopped listening"


def test_contexts_do_not_mix():
    inner, outer = Listener(), Listener()

    def in_another_context() -> None:
        with events.listening(inner):
            events.message("in")

    with events.listening(outer):
        contextvars.copy_context().run(in_another_context)
        events.message("out")
    assert (inner.heard, outer.heard) == (["message in"], ["message out"])


def test_lines_are_kept_and_passed_on_by_every_recorder() -> None:
    listener = Listener()
    with events.listening(listener), events.recording() as outer:
        with events.recording() as inner:
            events.warning("a")
            events.message("b", passing=True)
        with events.recording(aloud=False) as quiet:
            events.warning("c")
        with events.task("work", total=1):
            events.message("d")
    assert [line.text for line in inner] == ["a", "b"]
    assert [line.passing for line in inner] == [False, True]
    assert [line.text for line in quiet] == ["c"]
    assert [line.text for line in outer] == ["a", "b", "d"]
    assert [one for one in listener.heard if one[0] in "mw"] == [
        "warning a",
        "message b",
        "message d",
    ]


def test_a_line_cannot_steer_the_terminal() -> None:
    listener = Listener()
    with events.listening(listener), events.recording() as lines:
        events.warning("clear \x1b[2J and \r back\n  a second line")
    assert listener.heard == ["warning clear \\x1b[2J and \\r back\n  a second line"]
    assert lines[0].text == "clear \\x1b[2J and \\r back\n  a second line"
