"""One operator and one vhost per namespace: what is defined in one cannot reach the participants of another."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from operators.saga.tests.component.kit.cluster import eventually
from operators.saga.tests.component.kit.yard import CHAIN, Yard


def test_two_namespaces_share_nothing_but_the_servers(parts: Any, tmp_path: Path) -> None:
    with ExitStack() as stack:
        yards = []
        for name in ("here", "there"):
            (tmp_path / name).mkdir()
            yards.append(Yard(parts, tmp_path / name, stack))
        here, there = yards
        for yard in yards:
            yard.operator().start()
            yard.define("chain", *CHAIN)
        theirs = there.serve_chain()
        here.cluster.start("order", "chain", input={"order": "here"})
        there.cluster.start("order", "chain", input={"order": "there"})
        there.cluster.wait("order", "Succeeded")
        eventually("sent here", lambda: here.cluster.step("order", "reserve").get("attempts", 0) > 1)
        assert {message.address.saga for message in theirs[0].seen} == {f"{there.namespace}/order"}
        assert theirs[0].seen[0].input == {"order": "there"}
        ours = here.serve_chain()
        here.cluster.wait("order", "Succeeded")
        assert [participant.commands("order") for participant in ours] == [["reserve"], ["charge"], ["ship"]]
