"""A whole participant in sagas: it holds seats in a hall of ten, and gives them back."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field
from skald.messaging.participant import OPERATOR, Handler, Participant, reading
from skald.mongo import connect
from skald.repository import Done, Failed, Repository, codec_of
from skald.settings import WorkerSettings
from skald.worker import run_worker
from skald_wire import Command

HALL = 10


class Wanted(BaseModel):
    model_config = ConfigDict(extra="forbid")
    seats: int = Field(ge=1)


@dataclass(frozen=True)
class Hold:
    seats: int


def reserve(_none: Hold | None, _command: Command, wanted: Wanted) -> Done[Hold] | Failed[Hold]:
    if wanted.seats > HALL:
        return Failed("HallTooSmall", f"{wanted.seats} seats are wanted, the hall has {HALL}")
    return Done(Hold(wanted.seats), {"seats": wanted.seats})


def release(_held: Hold | None, _command: Command) -> Done[Hold]:
    return Done(Hold(0))


def main() -> None:
    settings = WorkerSettings.from_env()
    database = connect(settings)
    holds = Repository(database["holds"], codec_of(Hold))
    commands = {
        "reserve": Handler(reading(Wanted, reserve), senders=OPERATOR),
        "release": Handler(release, senders=OPERATOR, undoes="reserve"),
    }
    run_worker(settings, database, participant=Participant(settings.service, holds, commands))


if __name__ == "__main__":
    main()
