"""A service for the tests of gunicorn and roles: ``python tiny_service.py ROLE``, run as a process of its own."""

from __future__ import annotations

import time

from skald.roles import main


def web() -> None:
    import threading

    from apiflask import APIBlueprint
    from skald.app import Api, create_app
    from skald.auth import public
    from skald.gunicorn import serve
    from skald.health import Readiness
    from skald.settings import WebSettings

    api = APIBlueprint("tiny", __name__)

    @api.get("/slow")
    @public
    def slow():
        print("slow began", flush=True)
        time.sleep(1)
        return {"thread": threading.current_thread().name}

    @api.get("/fast")
    @public
    def fast():
        return {"fast": True}

    settings = WebSettings.from_env()
    tiny = Api("Tiny", "orders", [api])
    serve(lambda: create_app(settings, tiny, deps=None, readiness=Readiness(lambda: None)), settings)


def worker() -> None:
    import sys

    print("flask" in sys.modules, "prometheus_client" in sys.modules, flush=True)


def misconfigured() -> None:
    from skald.settings import WebSettings

    WebSettings.from_env({})


if __name__ == "__main__":
    module = "tiny_service"
    main({"web": f"{module}:web", "worker": f"{module}:worker", "bad": f"{module}:misconfigured"})
