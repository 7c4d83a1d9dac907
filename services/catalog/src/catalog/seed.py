"""Role seed: what the shop sells when it is new. Inventory stocks the same SKUs."""

from __future__ import annotations

import logging
from typing import Final

from skald.logging import set_up_logging
from skald.money import Money
from skald.mongo import connect_and_wait

from catalog.domain import Product
from catalog.settings import CatalogSeed
from catalog.store import Products

__all__ = ["PRODUCTS", "run"]

logger = logging.getLogger(__name__)

PRODUCTS: Final = (
    Product("harp", "Harp", "34 strings, maple; for kings and for those who sing to them.", Money(129_900, "EUR")),
    Product("drum", "Drum", "Goat skin on ash; heard two valleys away.", Money(24_900, "EUR")),
    Product("horn", "Horn", "Ox horn with a silver rim; once blown, never taken back.", Money(8_900, "EUR")),
    Product("lute", "Lute", "Six courses, spruce and yew; stays in tune on horseback.", Money(54_900, "EUR")),
)


def run() -> None:
    """Store the products that are not there yet."""
    settings = CatalogSeed.from_env()
    set_up_logging(settings.service, settings.log_level)
    added = Products(connect_and_wait(settings)).add(PRODUCTS)
    logger.info("seeded %d of %d products", len(added), len(PRODUCTS))
