import socket
import threading
from collections.abc import Iterator

import pytest

from hack.embedded.probes import answers


@pytest.fixture
def parrot() -> Iterator[int]:
    """The port of a server that says back what it is told, as a socket does that is connected with itself."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def repeat() -> None:
            client, _ = server.accept()
            with client:
                client.sendall(client.recv(4096))

        thread = threading.Thread(target=repeat)
        thread.start()
        yield int(server.getsockname()[1])
        thread.join()


def test_an_answer_that_is_no_http_means_not_ready(parrot: int) -> None:
    assert not answers(f"http://127.0.0.1:{parrot}/readyz")()


def test_no_answer_means_not_ready() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert not answers(f"http://127.0.0.1:{port}/readyz")()
