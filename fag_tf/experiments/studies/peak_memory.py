"""How much more memory a process comes to hold while something is done in it."""

from pathlib import Path

__all__ = ["PeakMemory"]

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


class PeakMemory:
    """The most that is resident from now on, beyond what is now, where the system (Linux) tells.

    What earlier work left behind in the process does not count, but may be used again.
    """

    def __init__(self) -> None:
        try:
            _CLEAR.write_text("5")  # forget the highest so far
            self._before = _kilobytes("VmRSS")
        except OSError:
            self._before = None

    def megabytes(self) -> float | None:
        """The highest since this was made, in 10^6 bytes; None where it cannot be known."""
        peak = None if self._before is None else _kilobytes("VmHWM")
        if peak is None or self._before is None:
            return None
        return max(peak - self._before, 0) * 1024 / 1e6


def _kilobytes(name: str) -> int | None:
    for line in _STATUS.read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    return None
