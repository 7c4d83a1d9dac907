from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from operators.saga.tests.component.kit.yard import Yard

JSON = dict[str, Any]
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def yard(parts: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """A namespace and a vhost that only the tests of one file use."""
    with ExitStack() as stack:
        yield Yard(parts, tmp_path_factory.mktemp("cli"), stack)


@pytest.fixture
def run(parts: Any, yard: Yard, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``kubectl saga`` against the real API server, in the yard's namespace."""
    from kubectl_saga.main import saga

    monkeypatch.setenv("KUBECONFIG", str(parts.kubeconfig))
    monkeypatch.setenv("COLUMNS", "160")

    def kubectl_saga(*arguments: str | Path, stdin: str | None = None) -> Result:
        where = [] if "-A" in arguments else ["-n", yard.namespace]
        return CliRunner().invoke(saga, [*map(str, arguments), *where], input=stdin, prog_name="kubectl saga")

    return kubectl_saga


@pytest.fixture
def as_operator(parts: Any, yard: Yard, tmp_path: Path) -> Path:
    """A kubeconfig of somebody who may neither patch sagas' specs nor decide."""
    config = yaml.safe_load(parts.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": yard.operator_token()}
    file = tmp_path / "operator"
    file.write_text(yaml.safe_dump(config))
    return file


@pytest.fixture
def write(tmp_path: Path) -> Callable[[JSON], Path]:
    def to_file(body: JSON) -> Path:
        file = tmp_path / "input.json"
        file.write_text(json.dumps(body))
        return file

    return to_file


@pytest.fixture
def heed_ctrl_c() -> Iterator[None]:
    """A shell has what it starts in the background ignore Ctrl-C, and whatever these tests start would inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
