"""R1 to R6 by the chassis' kit: shipping on the real database."""

from __future__ import annotations

from uuid import uuid4

import pytest
from skald.testing.conformance import ParticipantRules, Subject

ORDER = {
    "orderId": str(uuid4()),
    "userId": "ada",
    "lines": [{"sku": "drum", "quantity": 2}],
    "addressId": "default",
}


class TestDispatch(ParticipantRules):
    @pytest.fixture
    def subject(self, shipping, database):
        def labels(saga_key):
            document = database["shipments"].find_one({"_id": saga_key}) or {}
            return len(document.get("outbox", []))

        return Subject(shipping, "dispatch", ORDER, effects=labels)
