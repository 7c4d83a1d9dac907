"""Where stock and reservations are kept.

Stock: one document per SKU, ``{_id, initial, available, held, sold, horizon, holds: {reservation: {state, quantity,
since}}}``. A change names what it needs to find in the filter of one write, so that any number of workers may do it at
once; the hold in the same document is why it is done once per reservation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError
from skald.mongo import Document, store_errors

from inventory.domain import Hold, Line, NotHeld, Reservation, Stock, Taken

__all__ = ["MongoShelf"]

_PIECES: Final = {"initial": 1, "available": 1, "held": 1, "sold": 1}
"""What is shown of a SKU: not its holds, which may be many."""


class MongoShelf:
    """The stock of all SKUs, over one collection. Every method raises StoreUnavailable."""

    def __init__(self, database: Database[Document]) -> None:
        self._stock = database["stock"]

    @store_errors()
    def add(self, lines: Iterable[Line], now: str) -> Sequence[Line]:
        """Take SKUs into stock that are not there yet, and return them; the others stay as they were sold down to."""
        return [line for line in lines if self._add(line, now)]

    def _add(self, line: Line, now: str) -> bool:
        pieces = {"initial": line.quantity, "available": line.quantity, "held": 0, "sold": 0}
        try:
            self._stock.insert_one({"_id": line.sku, **pieces, "horizon": now, "holds": {}})
        except DuplicateKeyError:
            return False
        return True

    @store_errors()
    def get(self, sku: str) -> Stock | None:
        """The stock of one SKU."""
        found = self._stock.find_one({"_id": sku}, _PIECES)
        return _read(found) if found else None

    @store_errors()
    def page(self, after: str | None, limit: int) -> Sequence[Stock]:
        """At most ``limit`` SKUs in order, from the one that follows ``after``."""
        condition: Document = {} if after is None else {"_id": {"$gt": after}}
        return [_read(found) for found in self._stock.find(condition, _PIECES).sort("_id", 1).limit(limit)]

    @store_errors()
    def take(self, line: Line, reservation: Reservation) -> Taken:
        """Hold the pieces, if they are available and the reservation is neither known here nor before the horizon."""
        hold = _hold(reservation)
        condition = {
            "available": {"$gte": line.quantity},
            "horizon": {"$lte": reservation.since},
            hold: {"$exists": False},
        }
        if self._change(line, condition, reservation, Hold.HELD, {"available": -line.quantity, "held": line.quantity}):
            return Taken.HELD
        found = self._stock.find_one({"_id": line.sku}, {"horizon": 1, hold: 1})
        if found is None:
            return Taken.UNKNOWN
        known = found["holds"].get(reservation.id)
        if known is not None:
            return Taken.HELD if known["state"] == Hold.HELD else Taken.LATE
        return Taken.LATE if found["horizon"] > reservation.since else Taken.SHORT

    @store_errors()
    def take_back(self, line: Line, reservation: Reservation) -> None:
        """Mark the reservation released, held or not.

        A late take may come between the first two writes, and then holds: hence the third. After any of them nothing
        can be taken any more.
        """
        hold = _hold(reservation)
        held: Document = {f"{hold}.state": Hold.HELD}
        back = {"available": line.quantity, "held": -line.quantity}
        for condition, pieces in ((held, back), ({hold: {"$exists": False}}, {}), (held, back)):
            if self._change(line, condition, reservation, Hold.RELEASED, pieces):
                return

    @store_errors()
    def sell(self, line: Line, reservation: Reservation) -> None:
        """Turn held pieces into sold ones. Raises NotHeld."""
        hold = _hold(reservation)
        held = {f"{hold}.state": Hold.HELD}
        if self._change(line, held, reservation, Hold.SOLD, {"held": -line.quantity, "sold": line.quantity}):
            return
        sold_before = {
            "$or": [{f"{hold}.state": Hold.SOLD}, {hold: {"$exists": False}, "horizon": {"$gt": reservation.since}}]
        }
        if self._stock.find_one({"_id": line.sku, **sold_before}, {"_id": 1}) is None:
            raise NotHeld(f"{line.sku}: reservation {reservation.id} of order {reservation.order} holds nothing here")

    @store_errors()
    def forget(self, before: str) -> int:
        """Drop the marks of reservations begun before this time and return how many.

        Without them a take that comes even later would find no mark. So the same write raises the horizon, and a take
        for a reservation older than that is refused: the document stays small, and the books stay right.
        """
        return sum(self._forget(found, before) for found in self._stock.find({}, {"holds": 1}))

    def _forget(self, found: Mapping[str, Any], before: str) -> int:
        over = [name for name, hold in found["holds"].items() if hold["state"] != Hold.HELD and hold["since"] < before]
        if over:
            change = {"$unset": {f"holds.{name}": "" for name in over}, "$max": {"horizon": before}}
            self._stock.update_one({"_id": found["_id"]}, change)
        return len(over)

    def _change(
        self, line: Line, condition: Document, reservation: Reservation, state: Hold, pieces: Mapping[str, int]
    ) -> bool:
        mark = {"state": state, "quantity": line.quantity, "since": reservation.since}
        change: Document = {"$set": {_hold(reservation): mark}}
        if pieces:
            change["$inc"] = dict(pieces)
        return self._stock.update_one({"_id": line.sku, **condition}, change).modified_count == 1


def _read(document: Mapping[str, Any]) -> Stock:
    return Stock(document["_id"], document["initial"], document["available"], document["held"], document["sold"])


def _hold(reservation: Reservation) -> str:
    return f"holds.{reservation.id}"
