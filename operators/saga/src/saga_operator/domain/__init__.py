"""The saga engine's mind: pure functions from what is known and what happens to what to do. No clock, no I/O.

Read ``kinds`` (what is stored), ``model`` (what a definition means), then ``machine`` (how a saga runs).
"""
