"""``python -m hack.images.kong``: start as Kong does, with the mounted file, and serve until told to stop."""

from __future__ import annotations

import signal
import sys

from hack.gateway import GatewayError
from hack.images.kong.configuration import JWKS
from hack.images.kong.node import Node
from hack.images.kong.servers import admin_routes, key_routes, serve, status_routes
from hack.images.kong.settings import Settings


def main() -> int:
    """Envoy's exit status; 1 when the mounted file is bad."""
    try:
        settings = Settings.from_env()
        settings.prefix.mkdir(parents=True, exist_ok=True)
        node = Node(settings.prefix, settings.proxy, settings.tls)
        node.configure(settings.file.read_text("utf-8"))
    except (GatewayError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    serve(JWKS, key_routes(node))
    serve(settings.admin, admin_routes(node))
    serve(settings.status, status_routes(node))
    node.start()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, lambda *_: node.stop())
    return node.wait()


if __name__ == "__main__":
    sys.exit(main())
