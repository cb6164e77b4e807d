"""Where reports are: shipped, in the profile's folder, and beside the store; the nearest holds."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, TypeAlias

from sqlalchemy import make_url

from adapters.errors import WrongUseError
from adapters.profiles import ProfileFolder, default_profile
from adapters.reports.recipe import Report, read_report
from adapters.toml_file import BadFileError

File: TypeAlias = Traversable | Path
_SHIPPED: Final = files("adapters") / "data" / "reports"


@cache
def shipped() -> Mapping[str, Report]:
    """The reports that come with Forløp, by name, in their order; read once."""
    found = (read_report(path, default_profile()) for path in _in(_SHIPPED).values())
    return {one.name: one for one in sorted(found, key=lambda r: (r.publication, r.number))}


def report_files(folder: ProfileFolder, store: str | None) -> dict[str, File]:
    """Every report by name; one beside the store takes the place of a shipped one of its name."""
    found = dict(_in(_SHIPPED))
    found |= _in(folder.reports)
    url = None if store is None else make_url(store)
    if url is not None and url.get_backend_name() == "sqlite" and url.database:
        found |= _in(Path(url.database).parent / "reports")
    return found


def find(names: Iterable[str], folder: ProfileFolder, store: str | None) -> list[Report]:
    """Reports by name or by the path of their file; `all` is every one, a publication its own.

    Of those shipped, `all` has the ones that the profile has the codes of.

    In the order of their publications. WrongUseError on a name that there is not.
    """
    known = report_files(folder, store)
    wanted: list[File] = []
    for name in names:
        if name == "all":
            wanted += (path for path in known.values() if _fits(path, folder))
        elif name in known:
            wanted.append(known[name])
        elif Path(name).suffix == ".toml" and Path(name).is_file():
            wanted.append(Path(name))
        else:
            wanted += _of_publication(name, known, folder)
    found = {str(path): read_report(path, folder.profile) for path in wanted}
    return sorted(found.values(), key=lambda report: (report.publication, report.number))


def _fits(path: File, folder: ProfileFolder) -> bool:
    """False of a shipped report whose codes a profile of somebody's own has replaced."""
    if path not in _in(_SHIPPED).values():
        return True
    try:
        read_report(path, folder.profile)
    except BadFileError:
        return False
    return True


def _of_publication(name: str, known: Mapping[str, File], folder: ProfileFolder) -> list[File]:
    fitting = (path for path in known.values() if _fits(path, folder))
    found = [p for p in fitting if read_report(p, folder.profile).publication == name]
    if not found:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
        told = f"nearest: {', '.join(near)}" if near else "`forlop report list` has them"
        raise WrongUseError(f"there is no report {name!r}; {told}")
    return found


def _in(folder: File) -> dict[str, File]:
    if not folder.is_dir():
        return {}
    paths = sorted(folder.iterdir(), key=lambda path: path.name)
    return {p.name.removesuffix(".toml"): p for p in paths if p.name.endswith(".toml")}
