"""What a service serves, before anything is wired: enough to describe it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from apiflask import APIBlueprint, APIFlask

from skald.version import version

__all__ = ["Api", "bare_app"]


@dataclass(frozen=True, slots=True)
class Api:
    """A service's routes and their name."""

    title: str
    package: str
    """The installed package that it comes from; its version is the API's."""
    blueprints: Sequence[APIBlueprint]


def bare_app(api: Api) -> APIFlask:
    """An application with the routes alone."""
    app = APIFlask(
        api.package,
        title=api.title,
        version=version(api.package),
        spec_path=None,
        docs_path=None,
        static_folder=None,  # type: ignore[arg-type]
    )
    for blueprint in api.blueprints:
        app.register_blueprint(blueprint)
    return app
