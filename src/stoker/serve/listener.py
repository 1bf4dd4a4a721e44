"""The listening socket: bound with a clear error, and closed without losing a waiting connection.

The kernel completes connections before anybody accepts them.  Closing a listening socket resets
those that wait in its queue, with requests that their clients already sent.  So a stopping server
first lets the kernel ignore new connections (a socket filter that drops SYN packets; the client's
kernel tries again a second later, and then meets either the next server or a refusal), accepts what
waits, and only then closes.

Source: Linux `man 7 socket`, SO_ATTACH_FILTER; McCanne & Jacobson 1993, "The BSD Packet Filter".
"""

from __future__ import annotations

import ctypes
import errno
import socket
import struct

from stoker.core.errors import MachineError

_BACKLOG = 2048
_SO_ATTACH_FILTER = 26
_TCP_FLAGS_BYTE = 13
_SYN_AND_ACK, _SYN = 0x12, 0x02
_KEEP_ALL = 0xFFFFFFFF
_FILTER = (
    (0x30, 0, 0, _TCP_FLAGS_BYTE),  # load the byte of flags
    (0x54, 0, 0, _SYN_AND_ACK),  # keep two of them
    (0x15, 0, 1, _SYN),  # SYN alone?
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, _KEEP_ALL),  # pass
)


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket that child processes may inherit.

    Raises:
        MachineError: If the port is in use or needs more rights, or the host is not an address of
            this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError):
        raise MachineError(
            f"{host!r} is no address of this machine", fix="set serve.host to 127.0.0.1"
        ) from None
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise _cannot_listen(error, host, port) from None
    listening.setblocking(False)
    return listening


def refuse_new(listening: socket.socket) -> None:
    """Let the kernel drop new connections; those that wait can still be accepted.

    Where the kernel has no such filter (it is not Linux) nothing happens, and connections that come
    in the moment of closing are reset.
    """
    program = b"".join(struct.pack("HBBI", *instruction) for instruction in _FILTER)
    memory = ctypes.create_string_buffer(program)
    pointer = struct.pack("HxxxxxxP", len(_FILTER), ctypes.addressof(memory))
    try:
        listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, pointer)
    except OSError as error:
        if error.errno not in (errno.ENOPROTOOPT, errno.EPERM, errno.EOPNOTSUPP, errno.EINVAL):
            raise


def url_of(listening: socket.socket) -> str:
    """The address of a listening socket as a URL.

    >>> with listen("127.0.0.1", 0) as listening:
    ...     url_of(listening).rpartition(":")[0]
    'http://127.0.0.1'
    """
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _cannot_listen(error: OSError, host: str, port: int) -> MachineError:
    if error.errno == errno.EADDRINUSE:
        return MachineError(
            f"port {port} of {host} is in use",
            fix="stop the other program, or choose another port with --port (0: any free one)",
        )
    if error.errno == errno.EACCES:
        return MachineError(
            f"port {port} needs more rights than this user has", fix="choose one from 1024 up"
        )
    return MachineError(f"cannot listen on {host}:{port}: {error.strerror}")
