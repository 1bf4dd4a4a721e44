"""Routing: which of several versions of a model answers a request.

A file of this folder is a router.  A client that names a version gets that version; all others get
the one that the router chooses.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from stoker.core.steps import Step
from stoker.serve.deployment import Deployment
from stoker.serve.messages import Request


class Router(Step, ABC):
    """Chooses who answers.

    Promise: it looks at the head of a request alone, and takes no time.
    """

    @abstractmethod
    def choose(self, request: Request, deployments: Sequence[Deployment]) -> Deployment:
        """The deployment that answers.

        Args:
            request: Its body is not read yet.
            deployments: At least one.
        """


class Deployments:
    """The versions of one model that a worker serves, and who of them answers."""

    def __init__(self, members: Sequence[Deployment], router: Router) -> None:
        """Keep them.

        Args:
            members: At least one; all of one name, each of a version of its own.
            router: Chooses among them.
        """
        self.members, self._router = tuple(members), router
        self.name = self.members[0].model.name
        assert {one.model.name for one in self.members} == {self.name}

    @property
    def is_ready(self) -> bool:
        """Whether all of them take requests."""
        return all(one.ready for one in self.members)

    def choose(self, request: Request) -> Deployment:
        """The deployment that answers a request that names no version."""
        return self._router.choose(request, self.members)

    def drain(self) -> None:
        """Say that no further requests are wanted; they are answered all the same."""
        for one in self.members:
            one.ready = False

    async def close(self) -> None:
        """Finish what waits."""
        for one in self.members:
            await one.engine.close()
