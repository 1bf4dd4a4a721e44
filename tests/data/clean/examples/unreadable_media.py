"""Pictures, one of them cut, one another thing, and one missing."""

from __future__ import annotations

import io

from PIL import Image

from stoker.data.clean.unreadable_media import UnreadableMedia
from stoker.testing import assert_cleaner


def picture(level: int) -> bytes:
    stream = io.BytesIO()
    Image.new("L", (4, 4), level).save(stream, "PNG")
    return stream.getvalue()


def check(kind: type[UnreadableMedia]) -> None:
    cells = [picture(1), picture(2), picture(1), b"<html>", None, picture(2)[:40]]
    assert_cleaner(kind(), {"label": list("ababca")}, media={"图": cells}, rejected=[3, 5])
