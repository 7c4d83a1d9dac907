"""What each role of inventory needs to know."""

from __future__ import annotations

from skald.settings import StoreSettings, WebSettings, WorkerSettings

__all__ = ["InventorySeed", "InventoryWeb", "InventoryWorker"]


class InventoryWeb(WebSettings, StoreSettings):
    """Role web."""


class InventoryWorker(WorkerSettings):
    """Role worker."""


class InventorySeed(StoreSettings):
    """Role seed."""
