"""A worker of the service payments with one toy participant, run by tests as a process of its own.

TOY_DIE_BEFORE_REPLY names a file: while it is absent, the worker makes it and kills itself after the effect of a
command and before the reply to it. TOY_IN_HAND names a file that gets a line for each command whose handling begins.
TOY_HOLD names a file: while it is there, no command is carried out.
TOY_DRAIN replaces the seconds that draining may take.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from skald.messaging.events import ReceivedEvent, Subscription
from skald.messaging.inbox import Inbox
from skald.messaging.participant import OPERATOR, Handler, Participant
from skald.mongo import connect
from skald.repository import Done, Event, Failed, Repository, codec_of
from skald.settings import WorkerSettings
from skald.worker import run_worker
from skald_wire import Cancel, Command, Direction, Reply


@dataclass(frozen=True)
class Account:
    amount: int = 0
    charged: int = 0


def charge(account: Account | None, command: Command) -> Done[Account] | Failed[Account]:
    if "fail" in command.input:
        raise ZeroDivisionError("a bug")
    if "TOY_IN_HAND" in os.environ:
        with Path(os.environ["TOY_IN_HAND"]).open("a") as lines:
            lines.write(f"{command.address.saga}\n")
    time.sleep(command.input.get("takes", 0))
    while "TOY_HOLD" in os.environ and Path(os.environ["TOY_HOLD"]).exists():
        time.sleep(0.02)
    held = account or Account()
    events = [Event("payments.captured", command.address.saga, {"amount": command.input["amount"]})]
    return Done(Account(held.amount + command.input["amount"], held.charged + 1), {"charged": held.charged + 1}, events)


def refund(account: Account | None, command: Command) -> Done[Account]:
    assert account is not None
    assert command.address.direction is Direction.BACKWARD
    return Done(Account(0, account.charged), {})


class Mortal(Participant[Account]):
    def answer(self, message: Command | Cancel) -> Reply:
        reply = super().answer(message)
        marker = os.environ.get("TOY_DIE_BEFORE_REPLY")
        if marker and not Path(marker).exists():
            Path(marker).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return reply


class Doomed:
    name = "doomed"

    def run(self, stop: threading.Event) -> None:
        stop.wait(0.5)
        raise ZeroDivisionError("a bug")


def main() -> None:
    settings = WorkerSettings.from_env()
    database = connect(settings)
    accounts = Repository(database["accounts"], codec_of(Account))
    handlers: dict[str, Handler[Account]] = {
        "charge": Handler(charge, senders=OPERATOR),
        "refund": Handler(refund, senders=OPERATOR, undoes="charge"),
    }
    subscriptions = []
    if settings.service == "orders":
        heard = database["heard"]

        def hear(event: ReceivedEvent) -> None:
            if event.data.get("fail_once") and heard.find_one({"_id": event.id}) is None:
                heard.insert_one({"_id": event.id, "count": 0})
                raise ZeroDivisionError("a bug that goes away")
            heard.update_one({"_id": event.id}, {"$inc": {"count": 1}}, upsert=True)

        inbox = Inbox(database["inbox"])
        subscriptions.append(Subscription("events.orders", {"dev.skald.saga.finished": hear}, inbox))
    participant: Any = None if settings.service == "orders" else Mortal("payments", accounts, handlers)
    with patch("skald.worker.DRAIN", float(os.environ.get("TOY_DRAIN", "25"))):
        run_worker(
            settings,
            database,
            participant=participant,
            outboxes=[accounts.outbox],
            subscriptions=subscriptions,
            loops=[Doomed()] if "TOY_LOOP_FAILS" in os.environ else [],
        )


if __name__ == "__main__":
    main()
