"""Routes: a path, what may be done with it, and who may.

A route needs the access key unless it says that it is open, so one that forgets to say anything is
closed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from stoker.serve.messages import Answer, Request

Handler = Callable[[Request], Awaitable[Answer]]


@dataclass(frozen=True)
class Route:
    """One path and what may be done with it."""

    label: str
    """How metrics name it."""
    methods: dict[str, Handler]
    is_open: bool = False
    """Whether it may be used without a key; only for probes that say nothing about the model."""


def get(label: str, make: Callable[[Request], Answer], *, is_open: bool = False) -> Route:
    """A route that is read; `make` answers at once, without waiting for anything."""

    async def handler(request: Request) -> Answer:
        return make(request)

    return Route(label, {"GET": handler, "HEAD": handler}, is_open)


def post(label: str, handler: Handler) -> Route:
    """A route that something is sent to."""
    return Route(label, {"POST": handler})
