"""Case systems: what they really send, as versions of what they say, and those as events.

An adapter is a pure function from bytes to `Messages`; `snapshots` turns what a source has said
of one subject into rows of the contract. Nothing here reads a clock, a folder or a store.

To add one, say `fasit`:

1. `data/fasit.csv`: its codes and what they mean, with the days between which they do
   (`code_tables`), and in `data/fields.toml` the fields that it is known to send.
2. `fasit.py`: `SOURCE`; `read(content, delivery)`, which makes a `Version` of each record and notes
   what is wrong (`records.Fields` does most of it); and `tell(versions)`, which says what holds
   after some versions, as slots: a start before what needs it. A source of stays in measures
   fills in a `Participation`, one of stays in a programme `programmes.Stay`; where each version
   is whole, `tell` is `messages.last_word`, where it says what changed, it folds them (`paw`).
3. `systems.py`: its name.
4. A sample in the tests, and a story of it in `tests/case_systems/deliveries.py`. Write its golden
   file, and read it beside the source's own description: is the last day in the stay, which of its
   times is when it happened and which when it was known, what annuls, and what restores?
"""
