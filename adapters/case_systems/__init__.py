"""Case systems: what they really send, as versions of what they say, and those as events.

An adapter is a pure function from bytes to `Messages`; `snapshots` turns what a source has said
of one subject into rows of the contract. Nothing here reads a clock, a folder or a store.

To add one: DEVELOPERS.md says how, and `tests/case_systems/test_an_hours_work.py` is one, whole.
What each makes of what it is sent is in docs/case-systems.md.
"""
