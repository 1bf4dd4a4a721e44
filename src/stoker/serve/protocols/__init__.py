"""Protocols: the ways in which clients ask, each answered in its own form.

A public file of this folder is a protocol, found by scanning it: a new file is a new protocol, and
nothing else is to be changed.  One of the user's own is a class of another module, which `serve` is
told (decision 046).  It turns requests into rows and answers into bytes; who answers,
keys, limits, deadlines and metrics are the work of others, and hold for every protocol alike.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from stoker.core.errors import RecipeError
from stoker.core.steps import Step, ValidationError, make_step, step_name, step_names
from stoker.serve.messages import Answer, Refusal
from stoker.serve.openapi import Described
from stoker.serve.routes import Route
from stoker.serve.routing import Deployments

_PREFIX = re.compile(r"(/[A-Za-z0-9_.~-]+)+")
OWN_NAMES = ("page.css", "page.js", "openapi.json", "metrics", "healthz", "readyz")
"""First parts of paths that the server has itself (`own_paths`)."""


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

        A protocol that is of no use to a model has none for it.

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


def find_protocols(own: Sequence[str] = ()) -> list[Protocol]:
    """Every protocol there is, by the names of their files, and those of the user's own.

    Args:
        own: Names as `module:Class`, which the user gave; their modules are imported.

    Raises:
        RecipeError: If there is no such protocol, it needs fields, or its prefix will not do.
    """
    found = [_make(name) for name in (*step_names(__name__), *own)]
    for place, protocol in enumerate(found):
        _check_prefix(protocol, found[:place])
    return found


def _make(name: str) -> Protocol:
    try:
        return make_step(__name__, name, Protocol)
    except ValidationError as error:
        lacking = ", ".join(str(one["loc"][0]) for one in error.errors())
        raise RecipeError(
            f"the protocol {name} needs {lacking}, and nothing gives it",
            expected="a protocol whose fields all have defaults",
        ) from None


def _check_prefix(protocol: Protocol, before: Sequence[Protocol]) -> None:
    """Refuse paths that another protocol or the server itself has.

    Raises:
        RecipeError: Naming the protocol.
    """
    name, prefix = step_name(protocol), protocol.prefix
    if not _PREFIX.fullmatch(prefix):
        raise RecipeError(f"the protocol {name} has the prefix {prefix!r}", expected="such as /v3")
    other = next((one for one in before if one.owns(prefix) or protocol.owns(one.prefix)), None)
    taken = prefix[1:].partition("/")[0] in OWN_NAMES
    if other is not None or taken:
        whose = "the server itself" if other is None else f"the protocol {step_name(other)}"
        raise RecipeError(
            f"the protocol {name} has the prefix {prefix}, which {whose} has",
            expected="a prefix of its own",
        )
