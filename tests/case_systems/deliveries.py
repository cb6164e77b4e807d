"""Reading samples: which files make up each story, and what is delivered with them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from adapters.case_systems.messages import Delivery, Messages
from adapters.case_systems.systems import SYSTEMS
from tests.case_systems.telling import SAMPLES, Store

RECEIVED: Final = datetime(2026, 11, 1, 12, tzinfo=UTC)

# Story: the system, and its files in the order in which they come.
STORIES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "komet_changes": ("komet", ("komet/deltaker-hendelse-v1.constructed.jsonl",)),
    "komet_v1": ("komet", ("komet/deltaker-v1.example.json",)),
    "komet_ekstern_v1": ("komet", ("komet/deltaker-ekstern-v1.example.json",)),
    "komet_providers": (
        "komet",
        ("komet/providers.constructed.jsonl", "komet/deltaker-ekstern-v1.example.json"),
    ),
    "komet_timeline": ("komet", ("komet/timeline.snapshots.jsonl",)),
    "arena": (
        "arena",
        (
            "arena/tiltak_og_gjennomforing.goldengate.reauthored.jsonl",
            "arena/tiltakdeltaker.goldengate.reauthored.jsonl",
        ),
    ),
    "arena_decisions": (
        "arena",
        ("arena/goldenGateDagpenger.json", "arena/vedtak.constructed.jsonl"),
    ),
    "tiltakshistorikk": (
        "tiltakshistorikk",
        (
            "tiltakshistorikk/three_sources.json",
            "tiltakshistorikk/oppfolging_client_1.json",
            "tiltakshistorikk/oppfolging_client_2.json",
        ),
    ),
    "tiltakshistorikk_unknown": (
        "tiltakshistorikk",
        (
            "tiltakshistorikk/unknown_codes.json",
            "tiltakshistorikk/unknown_type.json",
            "tiltakshistorikk/missing_type.json",
        ),
    ),
    "team_tiltak": (
        "team_tiltak",
        ("team_tiltak/avtale-hendelse.json", "team_tiltak/agreements.constructed.jsonl"),
    ),
    "paw": ("paw", ("paw/korrigering.constructed.jsonl",)),
    "paw_ends_alone": ("paw", ("paw/interne-hendelser.jsonl",)),
    "paw_answers": ("paw", ("paw/arbeidssoekerperioder.json", "paw/profilering.json")),
    "digisos": (
        "digisos",
        ("digisos/minimal.json", "digisos/komplett.json", "digisos/kan-ha-nye-felter.json"),
    ),
    "kostra_11cf": ("kostra_11cf", ("kostra/11CF_2026.constructed.dat",)),
    "kostra_11cf_not_sound": ("kostra_11cf", ("kostra/kvalifisering_minimal.dat",)),
    "kostra_11f": (
        "kostra_11f",
        ("kostra/11F_2024.constructed.dat", "kostra/11F_2025.constructed.dat"),
    ),
    "oppfolging": ("oppfolging", ("oppfolging/constructed.jsonl",)),
    "oppfolging_person": (
        "oppfolging",
        ("oppfolging/oppfolgingsbruker.json", "oppfolging/person.constructed.jsonl"),
    ),
}


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def read(system: str, content: bytes, known: Messages | None = None) -> Messages:
    """What a system's reader makes of some bytes, knowing the implementations of other bytes."""
    implementations = {} if known is None else known.implementations
    delivery = Delivery(RECEIVED, participant="p1", implementations=implementations)
    return SYSTEMS[system].read(content, delivery)


def told(system: str, *contents: bytes) -> tuple[Store, Sequence[Messages]]:
    """The store after some files of one system, and what each was read as."""
    store, all_read = Store(SYSTEMS[system].tell), []
    known: Messages | None = None
    for content in contents:
        known = read(system, content, known)
        all_read.append(known)
        store.hear(known)
    return store, all_read


def story(name: str) -> tuple[Store, Sequence[Messages]]:
    system, files = STORIES[name]
    return told(system, *map(sample, files))


def apart(all_read: Iterable[Messages]) -> list[Messages]:
    """What was read, each version in a file of its own; what is told of implementations, too."""
    return [
        one
        for messages in all_read
        for one in (
            *(Messages(told_of_them=[record]) for record in messages.told_of_them),
            *(Messages(versions=[version]) for version in messages.versions),
        )
    ]


def one_at_a_time(system: str, *contents: bytes, seed: int) -> list[Messages]:
    """What some files of a system were read as, each version by itself, in a random order."""
    found = apart(told(system, *contents)[1])
    random.Random(seed).shuffle(found)
    return found
