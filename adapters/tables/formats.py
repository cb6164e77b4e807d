"""The formats by name, each loaded when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

from adapters.tables.wording import Labels
from domain.codes import Language

_MODULES = {
    "table": "terminal",
    "json": "json",
    "csv": "csv",
    "md": "markdown",
    "parquet": "parquet",
    "xlsx": "xlsx",
    "html": "html",
}
FORMATS = tuple(_MODULES)


def write(form: str, result: Mapping[str, Any], labels: Labels, language: Language) -> bytes:
    """A result in one of `FORMATS`. ValueError names them, for any other."""
    if form not in _MODULES:
        raise ValueError(f"no format {form!r}; there are {', '.join(FORMATS)}")
    module = import_module(f"adapters.tables.{_MODULES[form]}")
    return cast(bytes, module.write(result, labels, language))
