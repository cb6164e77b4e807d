"""Mapping files from where they are: a path, or the name of one that comes with the program."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from adapters.case_systems.mapping import Checked, check
from adapters.case_systems.mapping_file import MappingFile, MappingFileError, read_mapping
from adapters.case_systems.messages import Delivery
from adapters.errors import WrongUseError
from adapters.ingest import current_time
from domain.codes import Profile
from domain.record import read_record, without_natural_keys


def mapping_at(name: str) -> MappingFile:
    """A mapping by its path, or by name one of those shipped: `municipal_measures`.

    Raises WrongUseError, with every mistake in the file.
    """
    data = files("adapters.case_systems.data")
    shipped = data / f"mapping_{name}.toml"
    path = Path(name)
    try:
        text = shipped.read_text("utf-8") if shipped.is_file() else path.read_text("utf-8")
        return read_mapping(text)
    except FileNotFoundError:
        known = sorted(
            one.name.removeprefix("mapping_").removesuffix(".toml")
            for one in data.iterdir()
            if one.name.startswith("mapping_")
        )
        raise WrongUseError(
            f"there is no mapping file {name}; shipped are {', '.join(known)}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUseError(f"the mapping file {name} cannot be read: {error}") from None
    except MappingFileError as error:
        raise WrongUseError(f"{name}: {error}") from None


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """What one row of a sample becomes, and what `append` would refuse of it."""

    checked: Checked
    refused: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        return not (self.refused or self.checked.problems)

    def as_json(self) -> dict[str, Any]:
        found = self.checked
        return {
            "sheet": found.sheet or None,
            "line": found.line,
            "left_out": found.left_out,
            "events": list(found.rows),
            "problems": [str(problem) for problem in found.problems],
            "warnings": [f"{w.column} {w.found!r}: {w.why}" for w in found.warnings],
            "refused": list(self.refused),
        }


def check_sample(content: bytes, file: MappingFile, profile: Profile) -> list[CheckedRow]:
    """Each row of a sample with what it becomes, judged by itself; nothing is stored."""
    now = current_time()
    return [
        CheckedRow(
            checked,
            tuple(
                without_natural_keys(f"{row['type']}: {problem}", row.get("participant"))
                for row in checked.rows
                if isinstance(found := read_record(row, profile, now), list)
                for problem in found
            ),
        )
        for checked in check(content, Delivery(now), file)
    ]
