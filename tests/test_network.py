"""The guard that keeps the suite off the network."""

import contextlib
import socket
import urllib.request

import pytest


def test_connections_and_look_ups_are_refused(no_network):
    with socket.socket() as found, pytest.raises(AssertionError, match="network"):
        found.connect(("127.0.0.1", 9))
    with socket.socket(type=socket.SOCK_DGRAM) as found, pytest.raises(AssertionError):
        found.sendto(b"x", ("127.0.0.1", 9))
    with pytest.raises(AssertionError):
        socket.getaddrinfo("localhost", 80)
    assert len(no_network) == 3
    no_network.clear()


def test_attempts_that_a_library_swallows_are_noticed(no_network):
    with contextlib.suppress(Exception):
        urllib.request.urlopen("http://127.0.0.1:9", timeout=1)
    assert no_network
    no_network.clear()


def test_processes_of_this_machine_may_talk(tmp_path):
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(str(tmp_path / "s"))
        server.listen()
        client.connect(str(tmp_path / "s"))
