"""Put on PYTHONPATH: an interpreter in which the packages named in ABSENT cannot be imported, as if not installed."""

import os
import sys

ABSENT = frozenset(os.environ["ABSENT"].split(","))


class Absent:
    """First to be asked for a module."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r} (absent in this test)", name=name)


sys.meta_path.insert(0, Absent())
