"""How hard the laws are tried: `dev` while writing, `ci` the same every time, `nightly` long.

Choose with `pytest --hypothesis-profile ci`.  No profile has a deadline: a loaded machine is not a
broken law.
"""

from __future__ import annotations

from hypothesis import settings

from tests.projects import digits_project, tumours_project

__all__ = ["digits_project", "tumours_project"]

settings.register_profile("dev", deadline=None, max_examples=25)
settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True)
settings.register_profile("nightly", deadline=None, max_examples=2000)
settings.load_profile("dev")
