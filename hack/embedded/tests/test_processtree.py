from __future__ import annotations

import signal
import subprocess
import sys

import psutil
import pytest

from hack.embedded.processtree import signal_tree

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print(child.pid, flush=True)
time.sleep(600)
"""


def test_a_kill_reaches_what_left_the_process_group() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        signal_tree(parent.pid, signal.SIGKILL)
        _, alive = psutil.wait_procs([child], timeout=30)
    assert not alive
    assert parent.returncode == -signal.SIGKILL


def test_nobody_there_is_said() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    with pytest.raises(ProcessLookupError, match=str(gone.pid)):
        signal_tree(gone.pid, signal.SIGTERM)
