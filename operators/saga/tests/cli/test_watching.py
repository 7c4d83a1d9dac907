"""``watch`` and ``start --wait`` as a person has them: on any terminal, and while the API server is away."""

from __future__ import annotations

import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click import unstyle
from kubectl_saga.drawing import draw
from kubectl_saga.story import tell
from kubectl_saga.terminal import rendered

from operators.saga.tests.cli.objects import NOW, definition, done, running, saga, step, typed_definition, typed_saga
from operators.saga.tests.cli.stub import StubServer
from operators.saga.tests.cli.terminals import BIN, on_a_terminal

COLOUR = re.compile(r"\x1b\[(?:\d+;)*[349]\d[;m]")
LOST = "lost touch with the API server, trying again: a rollout is under way"
FOR_EVER = 10**9
NAMES = {"name": ["s-1"], "namespace": []}
"""One saga and all of them, as the arguments of ``watch``."""
FIRST_SIGHT = {"name": "s-1 (d-v1): ", "namespace": "sagas in shop: 1 Suspended"}

pytestmark = pytest.mark.usefixtures("heed_ctrl_c")


@pytest.fixture
def server() -> Iterator[StubServer]:
    with StubServer(saga(phase="Suspended", progress="1/2", steps={"a": done(), "b": running()})) as serving:
        threading.Thread(target=serving.serve_forever, args=(0.02,), daemon=True).start()
        yield serving
        serving.shutdown()


@pytest.fixture
def kubeconfig(server: StubServer, tmp_path: Path) -> str:
    return server.kubeconfig(tmp_path / "config")


@pytest.mark.parametrize("what", NAMES)
def test_without_colours_the_picture_is_drawn_as_it_is_with_them(kubeconfig: str, what: str) -> None:
    coloured = on_a_terminal(["watch", *NAMES[what]], kubeconfig, stop_at=FIRST_SIGHT[what], NO_COLOR="")
    plain = on_a_terminal(["watch", *NAMES[what]], kubeconfig, stop_at=FIRST_SIGHT[what], NO_COLOR="1")
    assert COLOUR.search(coloured)
    assert FIRST_SIGHT[what] in plain  # while nothing had ended yet: Ctrl-C was pressed only then
    assert "\x1b[?25l" in plain  # the cursor is hidden: this is the picture, not lines
    assert not COLOUR.search(plain)


@pytest.mark.parametrize("what", NAMES)
def test_on_a_dumb_terminal_every_change_is_a_line(kubeconfig: str, what: str) -> None:
    shown = on_a_terminal(["watch", *NAMES[what]], kubeconfig, stop_at="s-1  Suspended  1/2", TERM="dumb", NO_COLOR="1")
    assert "\x1b" not in shown


@pytest.mark.parametrize("what", NAMES)
def test_the_picture_says_that_nothing_is_heard(server: StubServer, kubeconfig: str, what: str) -> None:
    server.refusals = FOR_EVER
    assert LOST in on_a_terminal(["watch", *NAMES[what]], kubeconfig, stop_at=LOST)


def test_an_interruption_is_over_when_the_picture_no_longer_speaks_of_it(server: StubServer, kubeconfig: str) -> None:
    server.refusals, server.afterwards = FOR_EVER, saga(phase="Succeeded")

    def come_back(_: object) -> None:
        server.refusals = 0

    shown = on_a_terminal(["watch", "s-1"], kubeconfig, stop_at=LOST, then=come_back)
    last_picture = shown[shown.rindex("s-1 (d-v1): ") :]
    assert "Succeeded" in last_picture
    assert LOST not in last_picture


def test_waiting_for_a_saga_outlasts_the_api_servers_absence(
    server: StubServer, kubeconfig: str, tmp_path: Path
) -> None:
    server.refusals, server.afterwards = 2, saga(phase="Succeeded")
    waited = program(kubeconfig, *start(tmp_path))
    said, complained = waited.communicate(timeout=30)
    assert (waited.returncode, complained) == (0, f"{LOST}\n")
    assert said.splitlines()[-1] == "saga.skald.dev/s-1 Succeeded"


def test_ctrl_c_ends_a_wait_for_an_absent_api_server(server: StubServer, kubeconfig: str, tmp_path: Path) -> None:
    server.refusals = FOR_EVER
    for arguments, status in ((["watch", "s-1"], 0), (start(tmp_path), 1)):
        with program(kubeconfig, *arguments) as waiting:
            assert waiting.stderr is not None
            assert waiting.stderr.readline() == f"{LOST}\n"
            waiting.send_signal(signal.SIGINT)
            assert waiting.wait(30) == status
            assert "Traceback" not in waiting.stderr.read()
        server.watched.clear()


def test_credentials_that_go_away_end_a_wait(server: StubServer, kubeconfig: str, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("t")
    use(kubeconfig, token)
    server.refusals = FOR_EVER
    with program(kubeconfig, *start(tmp_path)) as waiting:
        assert waiting.stderr is not None
        assert waiting.stderr.readline() == f"{LOST}\n"
        token.unlink()
        assert waiting.wait(30) == 1
        assert f"its token {token} cannot be read: No such file" in waiting.stderr.read()


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_drawing_without_colours_is_the_one_that_goes_into_a_pipe(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    told = tell(
        typed_saga(saga(steps={"a": done(), "b": running()})), typed_definition(definition(step("a"), step("b"))), NOW
    )
    monkeypatch.setenv("COLUMNS", "80")
    piped = rendered(lambda width: draw(told, width))
    assert "\x1b" not in piped
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert unstyle(rendered(lambda width: draw(told, width))) == piped


def start(where: Path) -> list[str]:
    file = where / "input.json"
    file.write_text("{}")
    return ["start", "-f", str(file), "--definition", "d-v1", "--name", "s-1", "--wait"]


def use(kubeconfig: str, token: Path) -> None:
    """Let the user of this kubeconfig show the token in a file."""
    config = yaml.safe_load(Path(kubeconfig).read_text())
    config["users"][0]["user"] = {"tokenFile": str(token)}
    Path(kubeconfig).write_text(yaml.safe_dump(config))


def program(kubeconfig: str, *arguments: str) -> subprocess.Popen[str]:
    command = [BIN / "kubectl-saga", *arguments, "--kubeconfig", kubeconfig]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
