"""Protocols: the ways in which clients ask, each answered in its own form.

A public file of this folder is a protocol, found by scanning it: a new file is a new protocol, and
nothing else is to be changed.  It turns requests into rows and answers into bytes; who answers,
keys, limits, deadlines and metrics are the work of others, and hold for every protocol alike.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from stoker.core.steps import Step, make_step, step_names
from stoker.serve.messages import Answer, Refusal
from stoker.serve.openapi import Described
from stoker.serve.routes import Route
from stoker.serve.routing import Deployments


class Protocol(Step, ABC):
    """One way of asking.

    Promise: all its paths stand under its prefix, which no other protocol has; whatever is sent to
    them is answered, in the forms that `openapi` has.
    """

    prefix: ClassVar[str]
    """Start of its paths, such as `/v2`; also what is refused below it is told in its form."""

    @abstractmethod
    def routes(self, deployments: Deployments) -> Mapping[str, Route]:
        """Its paths and what is done there; each is closed unless it says that it is open.

        Args:
            deployments: Who answers.  Ask them for each request, because it decides.
        """

    @abstractmethod
    def error(self, refusal: Refusal) -> Answer:
        """A refusal in its form; also of what never reached a route."""

    @abstractmethod
    def openapi(self, deployments: Deployments) -> Described:
        """Its part of the OpenAPI document."""

    def owns(self, path: str) -> bool:
        """Whether a path stands under its prefix."""
        return path == self.prefix or path.startswith(f"{self.prefix}/")


def find_protocols() -> list[Protocol]:
    """Every protocol there is, by the names of their files."""
    names = step_names(__name__)
    return [make_step(__name__, name, Protocol) for name in names]
