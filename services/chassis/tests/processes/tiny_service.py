"""A service for the tests of gunicorn and roles: ``python tiny_service.py ROLE``, run as a process of its own."""

from __future__ import annotations

import os
import time
from pathlib import Path

from skald.roles import main


def web() -> None:
    from apiflask import APIBlueprint
    from flask import request
    from skald.app import Api, create_app
    from skald.auth import public
    from skald.gunicorn import serve
    from skald.health import Readiness
    from skald.settings import WebSettings

    api = APIBlueprint("tiny", __name__)
    released = Path(os.environ["RELEASE_SLOW"])

    @api.get("/slow")
    @public
    def slow():
        print('{"service": "tiny", "message": "slow began"}', flush=True)
        while not released.exists():
            time.sleep(0.01)
        return {"slow": True}

    @api.post("/echo")
    @public
    def echo():
        return {"got": request.get_json()}

    @api.get("/fast")
    @public
    def fast():
        return {"fast": True}

    settings = WebSettings.from_env()
    tiny = Api("Tiny", "orders", [api])
    serve(lambda: create_app(settings, tiny, deps=None, readiness=Readiness(lambda: None)), settings)


def grpc() -> None:
    from skald.grpcserver import serve_grpc
    from skald.health import Readiness
    from skald.settings import GrpcSettings

    settings = GrpcSettings.from_env()
    serve_grpc(settings, lambda _: None, callers=None, allowed=(), readiness=Readiness(lambda: None))


def worker() -> None:
    import sys

    print("flask" in sys.modules, "prometheus_client" in sys.modules, flush=True)


def misconfigured() -> None:
    from skald.settings import WebSettings

    WebSettings.from_env({})


if __name__ == "__main__":
    main({role: f"tiny_service:{role}" for role in ("web", "grpc", "worker", "misconfigured")})
