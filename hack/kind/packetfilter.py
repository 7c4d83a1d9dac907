"""The machine's packet filter, as it was before a docker daemon of ours changed it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Final

_FORWARDING: Final = Path("/proc/sys/net/ipv4/ip_forward")
_FAMILIES: Final = ("iptables", "ip6tables")


def remember(file: Path) -> None:
    """Write down the rules of this machine and whether it forwards packets."""
    rules = {family: _rules(family) for family in _FAMILIES}
    file.write_text(json.dumps({"forwarding": _FORWARDING.read_text(), "rules": rules}))


def put_back(file: Path) -> None:
    """Make everything as it was when ``remember`` wrote ``file``, and forget the file. Nothing where there is none."""
    if not file.exists():
        return
    before = json.loads(file.read_text())
    for family, rules in before["rules"].items():
        wanted = rules + emptied(set(tables(_rules(family))) - set(tables(rules)), _rules(family))
        subprocess.run([f"{family}-restore"], input=wanted, text=True, check=True)
    _FORWARDING.write_text(before["forwarding"])
    file.unlink()


def tables(rules: str) -> list[str]:
    """The tables that the output of iptables-save has."""
    return re.findall(r"^\*(\S+)$", rules, re.MULTILINE)


def emptied(names: set[str], rules: str) -> str:
    """Input for iptables-restore that leaves these tables of ``rules`` with their built-in chains, open and empty."""
    text = ""
    for table in re.findall(r"^\*.*?^COMMIT$", rules, re.MULTILINE | re.DOTALL):
        name, *chains = re.findall(r"^\*(\S+)$|^:(\S+) (?!-)\S+", table, re.MULTILINE)
        if name[0] in names:
            text += f"*{name[0]}\n" + "".join(f":{chain} ACCEPT [0:0]\n" for _, chain in chains) + "COMMIT\n"
    return text


def _rules(family: str) -> str:
    return subprocess.run([f"{family}-save"], capture_output=True, text=True, check=True).stdout
