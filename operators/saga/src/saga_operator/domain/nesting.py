"""JSON that is nested deeper than anything of ours.

The API server takes ten thousand levels. Python's decoders give up at some thousand, at more or fewer by its version,
and a list or a watch that cannot be read because of one object cannot be read at all.
"""

from __future__ import annotations

import re
from typing import Final

LEVELS: Final = 256
"""More than any rule of ours lets through, and few enough for every decoder."""
_TEXT: Final = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_TEXTS: Final = re.compile(_TEXT, re.DOTALL)
_TOKENS: Final = re.compile(_TEXT + rb"|[{}\[\]]", re.DOTALL)
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"{}[]"))


def shallow(document: bytes) -> bytes:
    """The document with null for what lies deeper than ``LEVELS``: rules on depth still see that it was too deep."""
    return _cut(document) if _is_deep(document) else document


def _is_deep(document: bytes) -> bool:
    """True from 2 * LEVELS on, false up to LEVELS: cheap, because nearly every document is asked and none is."""
    if document.count(b"{") + document.count(b"[") <= LEVELS:
        return False
    brackets = _TEXTS.sub(b"", document).translate(None, _NO_BRACKETS)
    for _ in range(LEVELS):
        if not brackets:
            return False
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
    return bool(brackets)


def _cut(document: bytes) -> bytes:
    kept: list[bytes] = []
    depth = since = 0
    for token in _TOKENS.finditer(document):
        if token[0] in (b"{", b"["):
            depth += 1
            if depth == LEVELS + 1:
                kept += (document[since : token.start()], b"null")
        elif token[0] in (b"}", b"]"):
            if depth == LEVELS + 1:
                since = token.end()
            depth -= 1
    return b"".join((*kept, document[since:]))
