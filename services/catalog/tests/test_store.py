from catalog.domain import Product
from catalog.seed import PRODUCTS
from skald.money import Money


def test_a_product_is_found_as_it_was_added(products):
    gong = Product("zz-gong", "Gong", "Bronze, 60 cm — “loud”.", Money(39_900, "EUR"))
    assert products.add([gong]) == ["zz-gong"]
    assert products.get("zz-gong") == gong


def test_adding_again_changes_nothing(products):
    assert products.add([Product("harp", "Cheap harp", "", Money(1, "EUR"))]) == []
    assert products.get("harp").price == Money(129_900, "EUR")


def test_an_unknown_product_is_none(products):
    assert products.get("kazoo") is None


def test_only_known_skus_are_found(products):
    assert set(products.by_sku(["lute", "kazoo", "drum"])) == {"lute", "drum"}


def test_the_demo_has_the_four_products_that_inventory_stocks():
    assert sorted(product.sku for product in PRODUCTS) == ["drum", "harp", "horn", "lute"]
    assert {product.price.currency for product in PRODUCTS} == {"EUR"}
