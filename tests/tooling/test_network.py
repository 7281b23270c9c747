"""Tests reach this machine and no other."""

import socket

import pytest

from tests.network import NetworkUsed


@pytest.mark.parametrize("host", ["192.0.2.1", "example.com", "2001:db8::1", "10.0.0.1"])
def test_another_machine_is_refused(host: str) -> None:
    with pytest.raises(NetworkUsed, match="must not reach"):
        socket.create_connection((host, 80), timeout=1)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1.2.3"])
def test_this_machine_is_not(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.settimeout(1)
        port = server.getsockname()[1]
        assert client.connect_ex((host, port if host != "127.1.2.3" else 1)) in (0, 111)
