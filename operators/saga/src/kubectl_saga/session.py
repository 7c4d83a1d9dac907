"""The options that every command shares, as kubectl has them, and the connection that they lead to."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from kubectl_saga.kube.api import Api
    from kubectl_saga.kube.pods import Pods
    from kubectl_saga.kube.sagas import Sagas

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Session:
    """One invocation. The kubeconfig is read when the cluster is first needed, so that ``lint`` needs none."""

    def __init__(self) -> None:
        self.kubeconfig: str | None = None
        self.context: str | None = None
        self.namespace: str | None = None

    @cached_property
    def sagas(self) -> Sagas:
        """The sagas of the chosen namespace. Raises CliError."""
        from kubectl_saga.kube.sagas import Sagas  # noqa: PLC0415 - see _api

        return Sagas(self._api, self.namespace or self._api.access.namespace)

    @cached_property
    def pods(self) -> Pods:
        """The pods of the chosen namespace. Raises CliError."""
        from kubectl_saga.kube.pods import Pods  # noqa: PLC0415 - see _api

        return Pods(self._api, self.namespace or self._api.access.namespace)

    @cached_property
    def _api(self) -> Api:
        # imported here, because ssl is what takes longest to load
        from kubectl_saga.kube.api import Api  # noqa: PLC0415
        from kubectl_saga.kube.kubeconfig import read_access  # noqa: PLC0415

        return Api(read_access(self.kubeconfig, self.context))

    def again(self, command: str) -> str:
        """A command line for the person to type next, in the same namespace and cluster."""
        given = (("-n", self.namespace), ("--context", self.context), ("--kubeconfig", self.kubeconfig))
        return " ".join([f"kubectl saga {command}", *(f"{option} {value}" for option, value in given if value)])


pass_session = click.make_pass_decorator(Session, ensure=True)


def connection_options(command: _Command) -> _Command:
    """Take -n, --context and --kubeconfig, before or after the command's name."""
    for option in reversed(_CONNECTION):
        command = option(command)
    return command


def _keep(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        setattr(context.ensure_object(Session), str(parameter.name), value)


def _option(*names: str, **settings: Any) -> Callable[[_Command], _Command]:
    return click.option(*names, expose_value=False, is_eager=True, callback=_keep, **settings)


_CONNECTION = (
    _option("-n", "--namespace", metavar="NAME", help="Instead of the context's namespace."),
    _option("--context", metavar="NAME", help="Of the kubeconfig, instead of the current one."),
    _option("--kubeconfig", metavar="FILE", type=click.Path(), help="Instead of KUBECONFIG and ~/.kube/config."),
)
