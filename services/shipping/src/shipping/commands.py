"""What sagas ask of shipping: dispatch. One write covers it: the shipment, its register and its event."""

from __future__ import annotations

from typing import Final, Self

from pydantic import Field, model_validator
from skald.messaging.participant import OPERATOR, Handler, Participant, reading
from skald.repository import Done, Event, Failed, Repository
from skald.schema import Body
from skald_wire import Command

from shipping.domain import Line, Shipment, tracking_number

__all__ = ["DispatchInput", "dispatch", "participant"]

_UUID: Final = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


class LineInput(Body):
    """One line of an order."""

    sku: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    quantity: int = Field(ge=1, le=1000)


class DispatchInput(Body):
    """Input of ``shipping.dispatch``."""

    order_id: str = Field(pattern=_UUID)
    user_id: str = Field(min_length=1, max_length=128)
    lines: list[LineInput] = Field(min_length=1, max_length=50)
    address_id: str = Field(min_length=1, max_length=128)

    @model_validator(mode="after")
    def _one_line_per_sku(self) -> Self:
        if len({line.sku for line in self.lines}) < len(self.lines):
            raise ValueError("a SKU may stand in one line only")
        return self


def dispatch(shipment: Shipment | None, command: Command, order: DispatchInput) -> Done[Shipment] | Failed[Shipment]:
    """Hand the goods to the carrier."""
    if shipment is not None:
        return Failed("AlreadyDispatched", f"this saga has shipment {shipment.id}; it can have one only")
    command_id = command.address.command_id
    lines = tuple(Line(line.sku, line.quantity) for line in order.lines)
    sent = Shipment(command_id, order.order_id, order.user_id, order.address_id, lines, tracking_number(command_id))
    label = {"shipmentId": sent.id, "trackingNumber": sent.tracking}
    event = Event("shipping.dispatched", sent.order, {"orderId": sent.order, "userId": sent.user, **label})
    return Done(sent, label, [event])


def participant(repository: Repository[Shipment]) -> Participant[Shipment]:
    """Shipping as sagas see it."""
    handler = Handler(reading(DispatchInput, dispatch), senders=OPERATOR)
    return Participant("shipping", repository, {"dispatch": handler})
