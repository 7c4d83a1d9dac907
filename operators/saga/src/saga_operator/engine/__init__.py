"""Runs sagas: mailboxes, timers and writes around the pure ``domain``, over ports only."""
