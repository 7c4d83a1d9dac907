"""Which errors of the database mean that it is away, and which are duplicates."""

from __future__ import annotations

import pytest
from pymongo.errors import AutoReconnect, DuplicateKeyError, OperationFailure, ServerSelectionTimeoutError
from skald.mongo import StoreInterrupted, StoreUnavailable, is_duplicate, store_errors

POSTGRES_AWAY = (
    "msg_find.go:43 (handler.(*Handler).msgFind): pool.go:90 (documentdb.(*Pool).Acquire): "
    "failed to connect to `user=ferretdb database=postgres`:\n\t127.0.0.1:5432: tls error: EOF"
)


@pytest.mark.parametrize(
    ("error", "becomes"),
    [
        (ServerSelectionTimeoutError("refused (configured timeouts: 3 s), Topology..."), StoreUnavailable),
        (AutoReconnect("connection closed"), StoreInterrupted),
        (OperationFailure(POSTGRES_AWAY, code=1), StoreInterrupted),
        (OperationFailure("terminating connection due to administrator command", code=1), StoreInterrupted),
        (OperationFailure("the database system is starting up", code=1), StoreInterrupted),
        (OperationFailure("Authentication failed.", code=18), StoreUnavailable),
    ],
)
def test_a_server_that_is_away_is_told_apart_from_one_that_refuses(error, becomes) -> None:
    with pytest.raises(becomes) as caught, store_errors():
        raise error
    assert caught.type is becomes
    assert "Topology" not in str(caught.value)


def test_other_failures_stay_what_they_are() -> None:
    with pytest.raises(OperationFailure), store_errors():
        raise OperationFailure("bad query", code=1)


@pytest.mark.parametrize(
    ("error", "duplicate"),
    [
        (DuplicateKeyError("E11000 duplicate key error", code=11000), True),
        (OperationFailure("Duplicate key violation on the requested collection", code=1), True),
        (OperationFailure("something else", code=1), False),
        (OperationFailure("not authorised", code=13), False),
    ],
)
def test_a_duplicate_is_known_by_either_code(error, duplicate) -> None:
    assert is_duplicate(error) is duplicate
