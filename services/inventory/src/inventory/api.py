"""Stock over HTTP, for the staff: customers see what is sold, not how much of it there is."""

from __future__ import annotations

from apiflask import APIBlueprint
from skald.app import deps
from skald.auth import requires
from skald.pagination import PageQuery, page_of
from skald.problems import Problem
from skald.schema import View

from inventory.domain import Stock
from inventory.store import MongoShelf

__all__ = ["api"]

api = APIBlueprint("stock", __name__, url_prefix="/v1/stock", tag="Stock")


class StockView(View):
    """The pieces of one SKU: what is available, held and sold adds up to what there was initially."""

    sku: str
    initial: int
    available: int
    held: int
    sold: int


class StockPage(View):
    """Some SKUs; the Link header leads to the next ones."""

    items: list[StockView]


@api.get("")
@requires("stock:read")
@api.input(PageQuery, location="query", arg_name="page")
@api.output(StockPage)
def list_stock(page: PageQuery) -> tuple[StockPage, int, dict[str, str]]:
    """List the stock of all SKUs, by SKU."""
    after = page.position(1)
    found = deps(MongoShelf).page(after[0] if after else None, page.limit + 1)
    items, headers = page_of(found, page, lambda stock: [stock.sku])
    return StockPage(items=[_view(stock) for stock in items]), 200, headers


@api.get("/<sku>")
@requires("stock:read")
@api.output(StockView)
def show_stock(sku: str) -> StockView:
    """Show the stock of one SKU."""
    stock = deps(MongoShelf).get(sku)
    if stock is None:
        raise Problem(404, "sku-not-found", "SKU not found", f"Nothing is in stock under {sku!r}.")
    return _view(stock)


def _view(stock: Stock) -> StockView:
    return StockView(sku=stock.sku, initial=stock.initial, available=stock.available, held=stock.held, sold=stock.sold)
