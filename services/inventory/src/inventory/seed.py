"""What is in stock when the shop is new. Catalog sells the same SKUs."""

from __future__ import annotations

import logging
import time
from typing import Final

from skald.logging import set_up_logging
from skald.moments import rfc3339
from skald.mongo import connect_and_wait

from inventory.domain import Line
from inventory.settings import InventorySeed
from inventory.store import MongoShelf

__all__ = ["STOCK", "run"]

logger = logging.getLogger(__name__)

STOCK: Final = (Line("harp", 100), Line("drum", 10), Line("horn", 0), Line("lute", 1000))


def run() -> None:
    """Stock the SKUs that are not in stock yet. Safe to repeat: nothing that was sold comes back."""
    settings = InventorySeed.from_env()
    set_up_logging(settings.service, settings.log_level)
    added = MongoShelf(connect_and_wait(settings)).add(STOCK, rfc3339(time.time()))
    logger.info("stocked %d of %d SKUs; the others were there already", len(added), len(STOCK))
