"""Products over HTTP. Anybody may look: a shop window has no door."""

from __future__ import annotations

from apiflask import APIBlueprint
from skald.app import deps
from skald.auth import public
from skald.money import Money
from skald.pagination import PageQuery, page_of
from skald.problems import Problem
from skald.schema import View

from catalog.domain import Product
from catalog.store import Products

__all__ = ["api"]

api = APIBlueprint("products", __name__, url_prefix="/v1/products", tag="Products")


class ProductView(View):
    """A product."""

    sku: str
    name: str
    description: str
    price: Money


class ProductPage(View):
    """Some products; the Link header leads to the next ones."""

    items: list[ProductView]


@api.get("")
@public
@api.input(PageQuery, location="query", arg_name="page")
@api.output(ProductPage)
def list_products(page: PageQuery) -> tuple[ProductPage, int, dict[str, str]]:
    """List products by SKU."""
    after = page.position(1)
    found = deps(Products).page(after[0] if after else None, page.limit + 1)
    items, headers = page_of(found, page, lambda product: [product.sku])
    return ProductPage(items=[_view(product) for product in items]), 200, headers


@api.get("/<sku>")
@public
@api.output(ProductView)
def show_product(sku: str) -> ProductView:
    """Show one product."""
    product = deps(Products).get(sku)
    if product is None:
        raise Problem(404, "product-not-found", "Product not found", f"The shop does not sell {sku!r}.")
    return _view(product)


def _view(product: Product) -> ProductView:
    return ProductView(sku=product.sku, name=product.name, description=product.description, price=product.price)
