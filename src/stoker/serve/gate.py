"""The gate: the one place that decides whether a request may reach a route.

It checks, in this order: the Host header (against DNS rebinding, where a stranger's page reaches a
local server under a name of its own), the origin (against another site's page posting with the
visitor's rights), and the key.  A route that nobody marked as open needs the key.

Behind a proxy the Host may be the one that the proxy uses, and the origin the one that the browser
sees.  So pages of a name in `serve.allowed_hosts` may post too, whatever the Host is.  A probe may
come without Host in HTTP/1.0, as load balancers send it: it tells nothing and changes nothing.

Source: Host, https://www.rfc-editor.org/rfc/rfc9110#section-7.2, 421 in section 15.5.20; Origin,
https://www.rfc-editor.org/rfc/rfc6454; rebinding as in CVE-2025-62593.
"""

from __future__ import annotations

import binascii
import re
import socket
from ipaddress import ip_address

from stoker.serve.keys import Keys
from stoker.serve.messages import Refusal, Request
from stoker.serve.serve_settings import ServeSettings

_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")
_ORIGIN = re.compile(rb"https?://([a-z0-9._-]+)(?::[0-9]{1,5})?")
_SAFE = ("GET", "HEAD")
_CHALLENGE = ((b"www-authenticate", b'Bearer realm="stoker", Basic realm="stoker"'),)


class AccessGate:
    """Lets requests in by Host, origin and key."""

    def __init__(self, settings: ServeSettings, keys: Keys) -> None:
        """Work out the names under which this server may be addressed."""
        self._keys = keys
        self._any_address = not settings.is_local
        names = {"localhost", settings.host, *settings.allowed_hosts}
        if self._any_address:
            names.add(socket.gethostname())
        self._names = {name.lower() for name in names}
        self._pages = {name.lower().encode() for name in settings.allowed_hosts}
        self._seen: dict[bytes, bool] = {}

    def check(self, request: Request, *, is_open: bool) -> None:
        """Let the request pass, or say why not.

        Args:
            request: The request, before its body was read.
            is_open: Whether its route may be used without a key.

        Raises:
            Refusal: 400 or 421 for its Host, 403 for its origin, 401 for its key.
        """
        host = request.headers.get(b"host", b"")
        is_old_probe = is_open and not host and request.scope["http_version"] == "1.0"
        if not is_old_probe and not self._knows(host):
            raise Refusal(
                "this server does not answer for that host name",
                status=421 if host else 400,
                expected="the server's own address, or a name of serve.allowed_hosts",
            )
        if request.method not in _SAFE:
            self._check_origin(request, host)
        if self._keys and not is_open:
            self._check_key(request.headers.get(b"authorization"))

    def _knows(self, host: bytes) -> bool:
        known = self._seen.get(host)
        if known is None:
            known = self._judge(host.decode("latin-1"))
            if len(self._seen) < 1000:
                self._seen[host] = known
        return known

    def _judge(self, host: str) -> bool:
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = match[1].strip("[]").lower().rstrip(".")
        if name in self._names:
            return True
        try:
            address = ip_address(name)
        except ValueError:
            return False
        return self._any_address or address.is_loopback

    def _check_origin(self, request: Request, host: bytes) -> None:
        origin = request.headers.get(b"origin", b"http://" + host).lower()
        is_own = origin in (b"http://" + host.lower(), b"https://" + host.lower())
        if not (is_own or _name_in(origin) in self._pages) or (
            request.headers.get(b"sec-fetch-site") in (b"cross-site", b"same-site")
        ):
            raise Refusal(
                "pages of other sites may not use this server",
                status=403,
                expected="a page of this server, or of a name in serve.allowed_hosts",
            )

    def _check_key(self, header: bytes | None) -> None:
        scheme, _, value = (header or b"").partition(b" ")
        value = value.strip()
        if scheme.lower() == b"bearer" and self._keys.accepts(value):
            return
        if scheme.lower() == b"basic" and self._keys.accepts(_password(value)):
            return
        what = "the access key is wrong" if header else "an access key is needed"
        raise Refusal(
            what, status=401, expected="the header 'Authorization: Bearer KEY'", headers=_CHALLENGE
        )


def _name_in(origin: bytes) -> bytes:
    """The host name in an origin, without its port; nothing if it is none.

    >>> _name_in(b"https://models.example:8443"), _name_in(b"null")
    (b'models.example', b'')
    """
    match = _ORIGIN.fullmatch(origin)
    return match[1] if match else b""


def _password(value: bytes) -> bytes:
    """The password of a Basic header; browsers ask their user for it."""
    try:
        return binascii.a2b_base64(value, strict_mode=True).partition(b":")[2]
    except ValueError:
        return b""
