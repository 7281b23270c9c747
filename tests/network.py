"""Keeps tests off the network: only this machine may be talked to. Loaded by conftest.py in every test process."""

import sys
from ipaddress import ip_address
from typing import Final

_CONNECTING: Final = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1, "socket.getaddrinfo": 0}
"""Audit event -> which of its arguments says where to."""


class NetworkUsed(RuntimeError):
    """A test reached for another machine."""


def forbid_network() -> None:
    """From now on, refuse every connection and look-up outside this machine. Cannot be undone in this process."""
    sys.addaudithook(_refuse_other_machines)


def _refuse_other_machines(event: str, arguments: tuple[object, ...]) -> None:
    if event not in _CONNECTING:
        return
    target = arguments[_CONNECTING[event]]
    host = target[0] if isinstance(target, tuple) else target if event == "socket.getaddrinfo" else None
    if isinstance(host, bytes):
        host = host.decode()
    if isinstance(host, str) and not _is_this_machine(host):
        raise NetworkUsed(f"tests must not reach {host}: use a fake from tests/fakes")


def _is_this_machine(host: str) -> bool:
    if host in ("", "localhost"):
        return True
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
