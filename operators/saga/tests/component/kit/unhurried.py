"""The operator whose checkpoints wait until the end; run as a module, it takes the same arguments.

Then nothing is written but what something rests on, and the writes can be counted however slow the machine is.
"""

from __future__ import annotations

import sys
from unittest.mock import patch

from saga_operator.__main__ import main
from saga_operator.engine import checkpoint

if __name__ == "__main__":
    with patch.object(checkpoint, "INTERVAL", 3600.0):
        sys.exit(main())
