"""Shipments over HTTP: customers see their own, by the order."""

from __future__ import annotations

from apiflask import APIBlueprint
from skald.app import deps
from skald.auth import current_subject, requires
from skald.problems import Problem
from skald.schema import View

from shipping.domain import Shipment
from shipping.store import Shipments

__all__ = ["api"]

api = APIBlueprint("shipments", __name__, url_prefix="/v1/shipments", tag="Shipments")


class LineView(View):
    """So many pieces of one SKU in the parcel."""

    sku: str
    quantity: int


class ShipmentView(View):
    """A parcel that the carrier has."""

    id: str
    order_id: str
    tracking_number: str
    address_id: str
    lines: list[LineView]


@api.get("/<order>")
@requires("shipments:read")
@api.output(ShipmentView)
def show_shipment(order: str) -> ShipmentView:
    """Show the shipment of one of your orders."""
    shipment = deps(Shipments).of_order(order, current_subject().id)
    if shipment is None:
        raise Problem(404, "shipment-not-found", "Shipment not found", f"You have no shipment for order {order!r}.")
    return _view(shipment)


def _view(shipment: Shipment) -> ShipmentView:
    return ShipmentView(
        id=shipment.id,
        order_id=shipment.order,
        tracking_number=shipment.tracking,
        address_id=shipment.address,
        lines=[LineView(sku=line.sku, quantity=line.quantity) for line in shipment.lines],
    )
