"""R1 to R6 by the chassis' kit: inventory on the real database."""

from __future__ import annotations

from uuid import uuid4

import pytest
from inventory.domain import Line
from skald.testing.conformance import CompensationRules, ParticipantRules, Subject
from skald.testing.messages import SagaStep
from skald_wire import ReplyType

PLENTY = [Line("drum", 1000), Line("harp", 1000)]
ORDER = {
    "orderId": str(uuid4()),
    "lines": [{"sku": "harp", "quantity": 1}, {"sku": "drum", "quantity": 2}],
}


@pytest.fixture
def pieces(database, shelf):
    """How often an order's lines are in a state for a saga: a half order counts as a fraction, which no rule allows."""
    shelf.add(PLENTY, "2026-01-01T00:00:00.000Z")

    def count(state):
        def of_saga(saga_key):
            document = database["reservations"].find_one({"_id": saga_key})
            if document is None or document.get("state") is None:
                return 0
            hold = f"holds.{document['state']['id']}"
            wanted = {line["sku"]: line["quantity"] for line in ORDER["lines"]}
            found = [
                stock["_id"]
                for stock in database["stock"].find({f"{hold}.state": state})
                if stock["holds"][document["state"]["id"]]["quantity"] == wanted[stock["_id"]]
            ]
            return len(found) / len(wanted)

        return of_saga

    return count


class TestReserve(CompensationRules):
    @pytest.fixture
    def subject(self, inventory, pieces):
        return Subject(
            inventory,
            "reserve",
            ORDER,
            effects=pieces("held"),
            compensation="release",
            compensation_input=lambda output: {"reservationId": output["reservationId"]},
        )


def reserve_of(step):
    """The reserve command of the saga that ``step`` belongs to."""
    return SagaStep("inventory", step.saga, "reserve").action("reserve", ORDER)


class Commit(Subject):
    """Commits what the same saga has reserved before."""

    def act(self, step):
        return step.action("commit", {"reservationId": reserve_of(step).address.command_id})


class TestCommit(ParticipantRules):
    @pytest.fixture
    def subject(self, inventory, pieces):
        def reserve(step):
            assert inventory.answer(reserve_of(step)).type is ReplyType.SUCCEEDED

        return Commit(inventory, "commit", {}, effects=pieces("sold"), before=reserve)
