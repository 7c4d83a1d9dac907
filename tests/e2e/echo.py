"""An echoing service in a pod of its own, told by its test over HTTP how to behave: `python -m tests.e2e.echo`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from tests.gateway.upstream import Behaviour, Upstream

PORT: Final = 8080
CONTROL: Final = 9000


def orders_of(upstream: Upstream) -> Mapping[str, Callable[[Any], Any]]:
    """By path: what a test may ask of it."""

    def behave(behaviour: Any) -> None:
        upstream.behaviour = Behaviour(**behaviour)

    return {
        "/behave": behave,
        "/serve": lambda order: upstream.serve(order["path"], order["document"]),
        "/seen": lambda path: [asdict(request) for request in upstream.seen(path)],
        "/stop": lambda _: upstream.stop(),
        "/start": lambda _: upstream.start(),
    }


def main() -> None:
    """Serve until the pod is deleted."""
    orders = orders_of(Upstream(os.environ["POD_IP"], PORT))

    class Control(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = json.dumps(orders[self.path](order)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """The test knows what it asked."""

    ThreadingHTTPServer(("0.0.0.0", CONTROL), Control).serve_forever()


if __name__ == "__main__":
    main()
