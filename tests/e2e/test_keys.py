"""The signing key is exchanged: old and new tokens pass meanwhile, and afterwards the old ones do not."""

from joserfc import jws

from tests.integration.shop import eventually

GATEWAY = "app.kubernetes.io/name=gateway"


def test_a_new_key_reaches_all_gateways_before_it_signs_and_a_retired_one_is_refused(cluster, shop, make_shop):
    def step(role):
        return cluster.kubectl("exec", "deploy/identity-web", "--", "python", "-m", "identity", role).split()[0]

    def published():
        return [key["kid"] for key in shop.http.get(shop.url("/.well-known/jwks.json"), timeout=10).json()["keys"]]

    def status(customer):
        return customer.http.get(customer.url("/v1/orders"), timeout=10).status_code

    new = step("publish-key")
    eventually(f"all gateways to have {new}", lambda: _all_gateways_have(cluster, new), seconds=60, every=1)
    assert step("sign-with-new-key") == new
    later = eventually("a token that it signed", lambda: _signed_by(new, make_shop()), every=1)
    assert (status(shop), status(later)) == (200, 200)
    assert step("retire-old-key") == new
    eventually("a token of the old key to be refused", lambda: status(shop) == 401, every=1)
    eventually("the new key to be the only one", lambda: published() == [new], every=1)
    assert status(later) == 200


def _all_gateways_have(cluster, kid):
    names = [pod["metadata"]["name"] for pod in cluster.pods(GATEWAY)]
    return all(kid in cluster.kubectl("logs", name, "--container=keys") for name in names)


def _signed_by(kid, customer):
    token = customer.http.headers["Authorization"].removeprefix("Bearer ")
    return customer if jws.extract_compact(token.encode()).headers()["kid"] == kid else None
