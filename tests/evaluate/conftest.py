"""No deadline for single examples: these tests promise numbers, and a loaded machine is slow."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("evaluate", deadline=None, max_examples=50)
settings.load_profile("evaluate")
