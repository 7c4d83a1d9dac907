"""One run: customers buy, blows fall, everything comes to rest, and the books are judged."""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from catalog.domain import Product
from catalog.store import Products
from inventory.domain import Line
from inventory.store import MongoShelf
from pymongo.errors import PyMongoError
from skald.moments import rfc3339
from skald.money import Money

from hack.chaos.hands import Hands
from hack.chaos.judge import judge
from hack.chaos.load import Customers, Sku
from hack.chaos.reading import Reader
from hack.chaos.report import Report
from hack.chaos.schedule import draw
from hack.embedded.platform import Platform

__all__ = ["run"]

Say = Callable[[str], None]

_PATIENCE: Final = 900.0
"""Seconds without any order decided after which those that are open count as stuck: longer than a saga's deadline."""
_DOWN_AT_ONCE: Final = 3
"""Processes that may be unwell when the next blow falls: with more of them nothing happens that a blow could spoil."""
_RESPITE: Final = 60.0
"""Seconds that a blow waits for the others to get well, at most."""
_LOOK_EVERY: Final = 2.0
_TELL_EVERY: Final = 10.0


def run(platform: Platform, seed: int, kills: int, say: Say) -> Report:
    """Raises PlatformError when the platform itself cannot be brought back to its feet."""
    skus = _stock_up(platform, random.Random(seed))  # noqa: S311 - to be repeated, not to be secret
    schedule = draw(seed, kills)
    reader = Reader(platform, [sku.name for sku in skus])
    began, started = rfc3339(datetime.now(UTC).timestamp()), time.monotonic()
    with Hands(platform) as hands:
        with Customers(platform, skus, seed) as customers:
            for number, fault in enumerate(schedule, 1):
                time.sleep(fault.after)
                _give_respite(hands)
                passed = time.monotonic() - started
                say(f"{passed:6.1f} s  {number:>4}/{len(schedule)}  {len(customers.accepted):>5} orders  {fault}")
                hands.carry_out(fault)
            ended = time.monotonic()
        say(f"no more blows; {len(customers.accepted)} orders were accepted, {customers.repeats} requests repeated")
        still_open = _come_to_rest(hands, reader, say)
        quiet = time.monotonic()
    books = reader.read(customers.accepted)
    return Report(
        seed=seed,
        began=began,
        faults=dict(Counter(f"{fault.kind} {fault.target}".strip() for fault in schedule)),
        seconds=ended - started,
        quiet_after=quiet - ended,
        orders=dict(Counter(order.status for order in books.orders.values())),
        repeats=customers.repeats,
        still_open=still_open,
        violations=judge(books),
        problems=customers.problems,
    )


def _stock_up(platform: Platform, chance: random.Random) -> list[Sku]:
    """Two products of this run's own: one of which there is plenty, and one that runs out."""
    mark = f"{int(time.time()):x}"
    skus = [Sku(f"chaos-{mark}-much", 1_000, 1_000_000, 4), Sku(f"chaos-{mark}-rare", 70_000, chance.randint(5, 25), 1)]
    catalog, inventory = (platform.database(name) for name in ("catalog", "inventory"))
    Products(catalog).add([Product(sku.name, sku.name, "Bought under fire.", Money(sku.price, "EUR")) for sku in skus])
    MongoShelf(inventory).add([Line(sku.name, sku.pieces) for sku in skus], rfc3339(time.time()))
    return skus


def _give_respite(hands: Hands) -> None:
    deadline = time.monotonic() + _RESPITE
    while len(hands.unwell()) > _DOWN_AT_ONCE and time.monotonic() < deadline:
        time.sleep(1)


def _come_to_rest(hands: Hands, reader: Reader, say: Say) -> list[str]:
    """Wait until every process is well and no order open; those that are open when patience is over."""
    deadline, told, fewest = time.monotonic() + _PATIENCE, 0.0, sys.maxsize
    while True:
        unwell = hands.unwell()
        try:
            waiting = reader.open()
        except (PyMongoError, OSError) as error:
            say(f"        the books cannot be read: {error}")
            waiting, unwell = [], unwell or ["the books"]
        else:
            if len(waiting) < fewest:
                fewest, deadline = len(waiting), time.monotonic() + _PATIENCE
        if not (unwell or waiting):
            return []
        if time.monotonic() > deadline:
            return waiting or unwell
        if time.monotonic() - told > _TELL_EVERY:
            told = time.monotonic()
            say(f"        {len(waiting)} orders open; not well: {', '.join(unwell) or 'none'}")
        time.sleep(_LOOK_EVERY)
