import pytest
from catalog.app import create_app
from skald.health import Readiness


@pytest.fixture(scope="module")
def client(settings, products):
    return create_app(settings, products, Readiness(lambda: None)).test_client()


def skus_of(answer):
    return [item["sku"] for item in answer.json["items"]]


def test_a_product_is_shown_with_its_price_in_minor_units(client):
    answer = client.get("/v1/products/harp")
    assert answer.status_code == 200
    assert answer.json == {
        "sku": "harp",
        "name": "Harp",
        "description": "A harp.",
        "price": {"amount": 129_900, "currency": "EUR"},
    }


def test_an_unknown_product_is_a_problem_that_names_it(client):
    answer = client.get("/v1/products/kazoo")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    assert answer.json["type"] == "urn:skald:problem:product-not-found"
    assert "'kazoo'" in answer.json["detail"]


def test_the_pages_of_the_list_hold_every_product_once_and_in_order(client):
    seen, address = [], "/v1/products?limit=2"
    while address:
        answer = client.get(address)
        seen += skus_of(answer)
        address = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")
    assert seen == sorted(set(seen))
    assert {"drum", "harp", "horn", "lute"} <= set(seen)


def test_a_page_that_is_the_last_has_no_link(client):
    assert "Link" not in client.get("/v1/products?limit=100").headers


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=many", "cursor=%21", "cursor=WyJhIiwgImIiXQ==", "page=2"]
)
def test_a_query_that_makes_no_sense_is_refused(client, query):
    answer = client.get(f"/v1/products?{query}")
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert answer.json["errors"][0]["in"] == "query"


def test_a_database_that_is_away_is_a_503_that_says_when_to_try_again(settings, unreachable):
    answer = create_app(settings, unreachable, Readiness(lambda: None)).test_client().get("/v1/products")
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert "Retry-After" in answer.headers
