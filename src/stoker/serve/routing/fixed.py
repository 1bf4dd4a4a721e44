"""The first deployment answers everything."""

from __future__ import annotations

from collections.abc import Sequence

from stoker.serve.deployment import Deployment
from stoker.serve.messages import Request
from stoker.serve.routing import Router


class Fixed(Router):
    """Always the same one."""

    def choose(self, request: Request, deployments: Sequence[Deployment]) -> Deployment:
        """The first."""
        return deployments[0]
