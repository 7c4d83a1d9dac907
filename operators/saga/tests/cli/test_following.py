"""Whoever follows sagas goes on after an API server that fails for a while, and does not wear it out meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import pytest
from kubectl_saga.errors import CliError
from kubectl_saga.kube.api import Api, ApiError, NoAnswer
from kubectl_saga.kube.patience import Patience
from kubectl_saga.kube.sagas import Sagas

from operators.saga.tests.cli.objects import saga

JSON = dict[str, Any]
REFUSED = NoAnswer("the API server https://one.example does not answer: Connection refused")
STOPPING = ApiError(503, "the API server\n is shutting down")
LOST = "lost touch with the API server, trying again: "
CUT_OFF = f"{LOST}the API server is shutting down"
UNREACHED = f"{LOST}{REFUSED.message}"
GONE = {"type": "ERROR", "object": {"code": 410, "message": "too old resource version"}}
QUIET: list[JSON] = []
"""A stream that ends at once and has brought nothing."""


class Exhausted(Exception):
    """The script is at its end."""


class ScriptedApi:
    """Answers lists and watches in the order of a script; a failure is raised."""

    def __init__(self, *script: list[JSON] | CliError) -> None:
        self._script = iter(script)
        self.asked: list[str] = []

    def get(self, path: str, query: Mapping[str, str]) -> JSON:
        self.asked.append("list")
        return {"items": self._next(), "metadata": {"resourceVersion": "1"}}

    def watch(self, path: str, query: Mapping[str, str]) -> Iterator[JSON]:
        self.asked.append(f"watch {query['resourceVersion']}")
        yield from self._next()

    def _next(self) -> list[JSON]:
        answer = next(self._script, None)
        if answer is None:
            raise Exhausted
        if isinstance(answer, CliError):
            raise answer
        return answer


class Followed:
    """What one who follows hears, is told and waits for, until the script or the patience is at its end."""

    def __init__(
        self, *script: list[JSON] | CliError, seconds_of_a_stream: float = 0.0, line_by_line: bool = False
    ) -> None:
        self.api = ScriptedApi(*script)
        self.changes: list[tuple[str, str]] = []
        self.told: list[str] = []
        self.slept: list[float] = []
        self.ended_by: Exception | None = None
        self._seconds, self._now = seconds_of_a_stream, 0.0
        sagas = Sagas(cast("Api", self.api), "shop", Patience(self.slept.append, self._clock))
        try:
            for kind, each in sagas.follow(tell=None if line_by_line else self.told.append):
                self.changes.append((kind, each["metadata"]["name"]))
        except (CliError, Exhausted) as error:
            self.ended_by = error

    def _clock(self) -> float:
        """It is asked when a stream is opened and when it ends."""
        self._now += self._seconds
        return self._now


def at(version: str, name: str = "s-1", **more: Any) -> JSON:
    body = saga(name, **more)
    body["metadata"]["resourceVersion"] = version
    return body


def event(kind: str, version: str, name: str = "s-1") -> JSON:
    return {"type": kind, "object": at(version, name)}


@pytest.mark.parametrize("failure", [REFUSED, STOPPING, ApiError(429, "busy"), ApiError(502, "bad gateway")])
def test_an_api_server_that_fails_for_a_while_is_waited_for(failure: CliError) -> None:
    followed = Followed([at("1")], failure, failure, [at("2", phase="Succeeded")])
    assert followed.changes == [("ADDED", "s-1"), ("ADDED", "s-1")]
    assert followed.slept == [0.5, 1.0]


def test_the_person_is_told_once_and_in_one_line() -> None:
    assert Followed([], STOPPING, STOPPING, STOPPING, []).told == [CUT_OFF, ""]


def test_another_reason_is_told_too() -> None:
    assert Followed([], STOPPING, REFUSED, REFUSED, []).told == [CUT_OFF, UNREACHED, ""]


def test_a_second_interruption_is_told_too() -> None:
    followed = Followed([], STOPPING, [], [event("ADDED", "2")], STOPPING, [])
    assert followed.told == [CUT_OFF, "", CUT_OFF, ""]


def test_line_by_line_a_reason_is_printed_once_in_an_interruption(capsys: pytest.CaptureFixture[str]) -> None:
    Followed([], *[STOPPING, []] * 3, [event("ADDED", "2")], STOPPING, line_by_line=True)
    assert capsys.readouterr().err.splitlines() == [CUT_OFF, CUT_OFF], "the second one is after a change was heard"


def test_pauses_double_up_to_ten_seconds() -> None:
    assert Followed([], *[REFUSED] * 7).slept == [0.5, 1, 2, 4, 8, 10, 10]


def test_after_a_success_pauses_are_short_again() -> None:
    followed = Followed([], REFUSED, REFUSED, [], [event("ADDED", "2")], REFUSED, [])
    assert followed.slept == [0.5, 1, 0.5]


def test_a_list_is_no_such_success_when_the_watch_keeps_failing() -> None:
    followed = Followed([], *[STOPPING, []] * 3)
    assert followed.slept == [0.5, 1, 2]


def test_a_picture_says_that_it_is_cut_off_for_as_long_as_the_watch_fails() -> None:
    assert Followed([], *[STOPPING, []] * 2, STOPPING).told == [CUT_OFF, "", CUT_OFF, "", CUT_OFF]


@pytest.mark.parametrize("failure", [REFUSED, STOPPING, ApiError(403, "forbidden")])
def test_when_not_even_the_first_list_succeeds_it_ends_at_once(failure: CliError) -> None:
    followed = Followed(failure)
    assert (followed.ended_by, followed.slept, followed.told) == (failure, [], [])


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_for_good_ends_it(status: int) -> None:
    refusal = ApiError(status, "no")
    assert Followed([at("1")], refusal, []).ended_by is refusal
    assert Followed([at("1")], REFUSED, refusal, []).ended_by is refusal


def test_what_is_wrong_on_this_side_ends_it() -> None:
    unreadable = CliError("config: its token /run/token cannot be read: No such file or directory")
    followed = Followed([at("1")], unreadable, [])
    assert (followed.ended_by, followed.told, followed.slept) == (unreadable, [], [])


def test_it_ends_when_the_cluster_no_longer_knows_sagas() -> None:
    followed = Followed([at("1")], STOPPING, ApiError(404, "not found"), [])
    assert "does not know sagas" in str(followed.ended_by)


def test_what_was_deleted_during_an_interruption_is_noticed() -> None:
    followed = Followed([at("1"), at("2", "s-2")], REFUSED, [at("2", "s-2")])
    assert followed.changes[2:] == [("DELETED", "s-1")]
    followed = Followed([at("1")], [GONE], [])
    assert followed.changes[1:] == [("DELETED", "s-1")]


def test_what_did_not_change_during_an_interruption_is_not_told_again() -> None:
    followed = Followed([at("1"), at("2", "s-2")], [event("MODIFIED", "3")], REFUSED, [at("3"), at("4", "s-2")])
    assert followed.changes[2:] == [("MODIFIED", "s-1"), ("ADDED", "s-2")]


def test_a_stream_that_ends_at_once_is_reopened_after_a_growing_pause() -> None:
    followed = Followed([], QUIET, QUIET, QUIET, [event("ADDED", "2")], QUIET)
    assert followed.slept == [0.5, 1, 2, 0.5]
    assert followed.api.asked == ["list", *["watch 1"] * 4, *["watch 2"] * 2]
    assert followed.told == []


def test_a_stream_that_ends_in_time_is_reopened_at_once() -> None:
    followed = Followed([], QUIET, QUIET, seconds_of_a_stream=300.0)
    assert followed.api.asked == ["list", *["watch 1"] * 3]
    assert followed.slept == []


@pytest.mark.parametrize("expired", [[GONE], ApiError(410, "Expired")])
def test_a_version_that_is_gone_leads_to_a_new_list_after_a_growing_pause(expired: list[JSON] | CliError) -> None:
    followed = Followed([], expired, [], expired, [])
    assert followed.api.asked == ["list", "watch 1"] * 2 + ["list", "watch 1"]
    assert followed.slept == [0.5, 1]
    assert followed.told == []
