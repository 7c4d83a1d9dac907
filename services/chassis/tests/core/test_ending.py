import os
import signal
import threading

import pytest
from skald.ending import Ending


@pytest.fixture
def ending():
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    ending = Ending()
    ending.heed_signals()
    yield ending
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_wait(ending, number):
    threading.Timer(0.05, os.kill, (os.getpid(), number)).start()
    ending.wait()


def test_a_signal_before_the_wait_is_not_missed(ending):
    os.kill(os.getpid(), signal.SIGTERM)
    ending.wait()


def test_a_thread_may_tell_it_too(ending):
    threading.Thread(target=ending.tell).start()
    ending.wait()


def test_not_told_is_known_after_a_while(ending):
    assert not ending.told_within(0.01)
    ending.tell()
    assert ending.told_within(10)
