"""The committed stubs are what hack/protos.py makes of the .proto files."""

import subprocess
import sys

import pytest
from skald.testing.contracts import CONTRACTS
from skald_contracts.catalog.v1 import quotes_pb2


def files_below(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*_pb2*") if path.suffix != ".pyc"}


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    out = tmp_path_factory.mktemp("stubs")
    script = CONTRACTS.parents[1] / "hack" / "protos.py"
    subprocess.run([sys.executable, str(script), "--out", str(out)], check=True, capture_output=True)
    return files_below(out / "skald_contracts")


def test_the_committed_stubs_have_not_drifted(generated):
    committed = files_below(CONTRACTS / "src" / "skald_contracts")
    assert committed == generated, "run .venv/bin/python hack/protos.py and commit what it writes"


def test_the_wire_names_of_the_quote_do_not_depend_on_where_the_stubs_lie():
    assert quotes_pb2.DESCRIPTOR.services_by_name["Quotes"].full_name == "catalog.v1.Quotes"
