"""Read the body of a request, and unpack it within limits if it is compressed with gzip.

A few bytes may unpack to a thousand times as many, so the text is made in pieces and counted: it
may be as large as a plain body, and beyond the first MiB at most 300 times as large as what was
sent.  A body of several members is one text, as RFC 1952 has it; there may be a hundred, because an
empty member costs as much work as a large one.

Cost: about 3 ns a byte of text, on the event loop, so at most 30 ms with the default limit.

Source: RFC 9110, section 8.4.1.3; RFC 1952.
"""

from __future__ import annotations

import zlib

from stoker.serve.messages import BodyBudget, Refusal, Request
from stoker.serve.serve_settings import ServeSettings

_ENCODINGS = (b"identity", b"gzip", b"x-gzip")
_GZIP_BITS = 31
_MAX_RATIO = 300
_FREE_BYTES = 1024 * 1024
_MAX_MEMBERS = 100


async def read_body(request: Request, settings: ServeSettings, budget: BodyBudget) -> bytes:
    """The whole body, unpacked; its size is taken from the budget until it is released.

    Raises:
        Refusal: If it is compressed in another way (415), damaged (400) or larger than allowed
            (413), or the server holds too many bytes already (429).
        ClientGone: If the client left before its end.
    """
    encoding = request.headers.get(b"content-encoding", b"identity").lower()
    if encoding not in _ENCODINGS:
        raise _encoding_not_taken(encoding)
    body = await request.body(settings, budget)
    if encoding == b"identity":
        return body
    text = unpack_gzip(body, settings.max_body_bytes)
    request.hold(len(text), budget)
    return text


def unpack_gzip(body: bytes, max_bytes: int) -> bytes:
    r"""The text of a compressed body.

    Args:
        body: All that was sent.
        max_bytes: Most bytes of the text.

    Raises:
        Refusal: If it is damaged (400), or its text is larger than allowed (413).

    >>> import gzip
    >>> unpack_gzip(gzip.compress(b"age\n1\n"), 100)
    b'age\n1\n'
    """
    limit = min(max_bytes, max(_FREE_BYTES, _MAX_RATIO * len(body)))
    parts: list[bytes] = []
    size = 0
    for _ in range(_MAX_MEMBERS):
        member = zlib.decompressobj(_GZIP_BITS)
        try:
            part = member.decompress(body, limit + 1 - size)
        except zlib.error:
            raise Refusal("the body is no gzip, or damaged", expected="a whole gzip file") from None
        parts.append(part)
        size += len(part)
        if size > limit:
            raise _too_large(limit, max_bytes)
        if not member.eof:
            raise Refusal("the gzip of the body is cut off", expected="a whole gzip file")
        body = member.unused_data
        if not body:
            return b"".join(parts)
    raise Refusal(f"the gzip of the body has more than {_MAX_MEMBERS} members")


def _encoding_not_taken(encoding: bytes) -> Refusal:
    return Refusal(
        f"the content encoding {encoding.decode('latin-1')[:40]} is not taken",
        status=415,
        expected="gzip, or none",
        headers=((b"accept-encoding", b"gzip"),),
    )


def _too_large(limit: int, max_bytes: int) -> Refusal:
    if limit == max_bytes:
        expected = f"at most {max_bytes} bytes when it is unpacked"
    else:
        expected = f"at most {_MAX_RATIO} times the bytes that were sent, when it is unpacked"
    return Refusal("the body is too large", status=413, expected=expected)
