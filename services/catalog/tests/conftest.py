import pytest
from catalog.domain import Product
from catalog.settings import CatalogWeb
from catalog.store import Products
from pydantic import SecretStr
from skald.money import Money
from skald.mongo import connect

SHELF = tuple(
    Product(sku, sku.title(), f"A {sku}.", Money(amount, "EUR"))
    for sku, amount in [("drum", 24_900), ("harp", 129_900), ("horn", 8_900), ("lute", 54_900)]
)


@pytest.fixture(scope="session")
def settings(parts):
    environment = {**parts.env("catalog-web"), "SKALD_MONGODB_DATABASE": parts.new_database("catalog")}
    return CatalogWeb.from_env(environment)


@pytest.fixture(scope="session")
def products(settings):
    products = Products(connect(settings))
    products.add(SHELF)
    return products


@pytest.fixture
def unreachable(settings):
    """Products in a database that nobody serves."""
    nowhere = settings.model_copy(
        update={"mongodb_uri": SecretStr("mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=100")}
    )
    return Products(connect(nowhere))
