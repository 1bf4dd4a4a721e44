"""The profile of a table as one HTML page that needs nothing else; made like the report.

Cost: some milliseconds and 3 kB a column.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from stoker.data.profile.choice import Choice
from stoker.data.profile.column import Profile
from stoker.report._templates import TEMPLATES, environment
from stoker.report.column_cards import column_cards
from stoker.report.page import safe


def render_profile(profile: Profile, choices: Sequence[Choice], title: str) -> str:
    """The page.

    Args:
        profile: What was counted.
        choices: What was decided about the columns.
        title: Name of the data.
    """
    names = ("page.css", "profile.css")
    css = "".join((TEMPLATES / name).read_text("utf-8") for name in names)
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return (
        environment()
        .get_template("profile.html.j2")
        .render(
            title=title,
            profile=profile,
            cards=column_cards(profile.columns, choices),
            css=safe(css),
            css_hash=f"sha256-{digest}",
        )
    )
