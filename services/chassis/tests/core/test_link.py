"""The connection that many threads share: each callback runs once, in order, and what it writes leaves at once."""

from __future__ import annotations

import threading
from collections import defaultdict
from types import SimpleNamespace

import pytest
from skald.messaging.connection import BatchingConnection
from skald.messaging.link import Link
from skald.testing.waiting import eventually


class Wire:
    """What pika would hand to the kernel, piece by piece."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.pieces.append(data)


@pytest.fixture
def connection() -> BatchingConnection:
    """One that has its transport already."""
    made = BatchingConnection.__new__(BatchingConnection)
    made._held, made._transport = None, Wire()
    return made


def test_frames_written_together_leave_as_one_piece_and_the_others_at_once(connection) -> None:
    connection._adapter_emit_data(b"heartbeat")
    with connection.together():
        connection._adapter_emit_data(b"reply")
        connection._adapter_emit_data(b"ack")
        assert connection._transport.pieces == [b"heartbeat"]
    connection._adapter_emit_data(b"close")
    assert connection._transport.pieces == [b"heartbeat", b"replyack", b"close"]


def test_what_was_written_before_something_failed_leaves_too(connection) -> None:
    def write_and_fail() -> None:
        with connection.together():
            connection._adapter_emit_data(b"reply")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert connection._transport.pieces == [b"reply"]


def test_frames_of_a_connection_that_ended_meanwhile_are_dropped(connection) -> None:
    wire = connection._transport
    with connection.together():
        connection._adapter_emit_data(b"reply")
        connection._transport = None
    assert wire.pieces == []


@pytest.fixture
def link(stage):
    """Connected, on a thread of its own."""
    opened = threading.Event()
    session = SimpleNamespace(opened=lambda _: opened.set(), lost=lambda: None)
    link = Link(stage.broker.url, "test", lambda: session)
    thread = threading.Thread(target=link.run)
    thread.start()
    try:
        eventually("the link is open", opened.is_set)
        yield link
    finally:
        link.close()
        thread.join(10)
    assert not thread.is_alive()


def test_a_broker_that_is_away_for_hours_is_looked_for_all_the_same() -> None:
    new_session = lambda: SimpleNamespace(opened=None, lost=link.close)  # noqa: E731
    link = Link("amqp://nobody:nothing@127.0.0.1:1/", "test", new_session)
    link._failures = 10_000
    link.run()
    assert link._failures == 10_001


def test_what_many_threads_hand_over_runs_once_and_in_each_threads_order(link) -> None:
    each, ran = 3000, defaultdict(list)

    def hand_over(name: int) -> None:
        for number in range(each):
            assert link.soon(lambda number=number: ran[name].append(number))

    threads = [threading.Thread(target=hand_over, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    eventually("all have run", lambda: sum(map(len, ran.values())) == 4 * each)
    assert all(numbers == list(range(each)) for numbers in ran.values())


def test_a_callback_that_hands_over_the_next_one_does_not_keep_what_it_has_written(link) -> None:
    sent = threading.Event()

    def again() -> None:
        if not sent.is_set():
            link.soon(again)

    link.soon(again)
    # An alarm comes through between two of them only if the loop has its turn, in which sockets are looked after too.
    link.soon(lambda: link._connection.ioloop.call_later(0.05, sent.set))
    in_time = sent.wait(5)
    sent.set()
    assert in_time


def test_what_a_callback_writes_is_sent_together(link) -> None:
    held = []
    link.soon(lambda: held.append(link._connection._held))
    eventually("it has run", lambda: held == [[]])


def test_what_is_handed_over_while_the_connection_is_lost_runs_too_or_is_refused(link, stage) -> None:
    ran, taken, stop = [], [], threading.Event()

    def hand_over() -> None:
        number = 0
        while not stop.is_set():
            if link.soon(lambda number=number: ran.append(number)):
                taken.append(number)
            number += 1

    thread = threading.Thread(target=hand_over)
    thread.start()
    eventually("some have run", lambda: len(ran) > 100)
    stage.broker.cut()
    eventually("none is taken any more", lambda: not link.soon(lambda: None))
    stop.set()
    thread.join()
    eventually("all that were taken have run", lambda: ran == taken)
    stage.broker.mend()
