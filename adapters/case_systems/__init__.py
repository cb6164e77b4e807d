"""Case systems: what they really send, as versions of what they say, and those as events.

An adapter is a pure function from bytes to `Messages`; `snapshots` turns what a source has said
of one subject into rows of the contract. Nothing here reads a clock, a folder or a store.
"""
