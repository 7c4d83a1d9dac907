"""What each role of orders needs to know."""

from __future__ import annotations

from pathlib import Path

from skald.settings import KubernetesSettings, StoreSettings, WebSettings, WorkerSettings, env

__all__ = ["OrdersWeb", "OrdersWorker"]


class OrdersWeb(WebSettings, StoreSettings):
    """Role web."""

    tokens_dir: Path = env("SKALD_TOKENS_DIR", "the folder with the token for catalog")
    catalog_target: str = env("SKALD_CATALOG_TARGET", "host:port of catalog's gRPC", pattern=r"^[^:/]+:\d+$")
    saga_definition: str = env("SKALD_SAGA_DEFINITION", "the SagaDefinition of new orders", "place-order-v1")


class OrdersWorker(WorkerSettings, KubernetesSettings):
    """Role worker."""
