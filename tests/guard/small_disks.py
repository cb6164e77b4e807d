"""A disk that is really full: a few megabytes of memory, mounted for one process and its children.

It takes root, or a system that lets anybody have mounts of their own.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

_NEW_MOUNTS, _NEW_USERS = 0x00020000, 0x10000000
_PRIVATE, _RECURSIVE = 1 << 18, 1 << 14
_NO_MOUNT = 77


def on_a_small_disk(folder: Path, megabytes: int, work: Callable[[], None]) -> None:
    """Runs work in a process of its own, in which a folder is on a small disk; fails as it does."""

    def job() -> None:
        try:
            if not _mount(folder, megabytes):
                os._exit(_NO_MOUNT)
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)

    process = multiprocessing.get_context("fork").Process(target=job)
    process.start()
    process.join()
    if process.exitcode == _NO_MOUNT:
        pytest.skip("nobody may mount a file system here")
    assert process.exitcode == 0


def _mount(folder: Path, megabytes: int) -> bool:
    """Mounts a small disk on a folder, seen by this process and its children alone."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    if libc.unshare(_NEW_MOUNTS) != 0:
        if libc.unshare(_NEW_MOUNTS | _NEW_USERS) != 0:
            return False
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    options = f"size={megabytes}m,mode=0777".encode()
    private = libc.mount(b"none", b"/", None, _PRIVATE | _RECURSIVE, None)
    mounted = libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, options)
    return bool(private == mounted == 0)


def fill(folder: Path, left: int) -> Path:
    """Fills the disk under a folder up to some bytes; gives the file to delete to make room."""
    ballast = folder / "ballast"
    found = os.statvfs(folder)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, found.f_bavail * found.f_frsize - left)
    return ballast
