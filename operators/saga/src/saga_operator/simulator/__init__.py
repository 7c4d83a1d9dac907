"""Tries a definition against all that can go wrong: crashes, loss, repetition, reordering, rollback, stale reads.

The real ``domain.machine`` runs against participants that keep registers. ``explore`` goes through every schedule of a
small shape (breadth first, no clock: whatever an operator's knowledge allows may happen at any moment); ``schedule``
draws random ones for larger shapes, on a virtual clock, from a seed that replays them exactly.
"""
