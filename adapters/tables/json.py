"""JSON: the contract's object, the same bytes for the same result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.tables.wording import Labels
from domain.codes import Language


def write(result: Mapping[str, Any], labels: Labels, language: Language) -> bytes:
    """UTF-8, two spaces a level, a line feed at the end; codes, not labels, in any language.

    The keys of `meta` are sorted; columns keep their order, and numbers are not rounded.
    """
    del labels, language  # codes are what programs match on
    import orjson  # noqa: PLC0415

    meta = {key: result["meta"][key] for key in sorted(result["meta"])}
    stable = {"meta": meta, "rows": result["rows"], "total": result.get("total")}
    return orjson.dumps(stable, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
