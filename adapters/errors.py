"""What goes wrong outside the domain, each with a message that a person can act on."""


class ForlopError(Exception):
    """Something failed, and nothing of the failed part is stored (exit code 1)."""


class WrongUseError(ForlopError):
    """What was asked for cannot be meant: a bad argument, file or header (exit code 2)."""


class NotAStoreError(ForlopError):
    """There is no Forløp store at a URL, or one that this version does not read."""


class StoreBusyError(ForlopError):
    """Somebody else has held the store for longer than the waiting time."""


class UnknownParticipantError(ForlopError):
    """No participant has the key asked for."""


class ErasedError(ForlopError):
    """The participant asked for was erased: on which day, and why; `erasure` to who had the id."""

    def __init__(self, on: str, why: str, erasure: object = None) -> None:
        super().__init__(f"the participant was erased on {on}: {why}")
        self.on = on
        self.why = why
        self.erasure = erasure


class DamagedError(ForlopError):
    """Something in the store was changed behind its back; `forlop verify` says what."""
