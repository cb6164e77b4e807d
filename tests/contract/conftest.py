"""Stores on both databases, each empty."""

from tests.guard.conftest import postgres, url

__all__ = ["postgres", "url"]
