"""Plays a payment provider, with a ledger of its own, so that everything can be tried without one."""
