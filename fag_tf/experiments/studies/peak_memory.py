"""Peak of the additional memory of a process during some work."""

from pathlib import Path

__all__ = ["PeakMemory"]

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


class PeakMemory:
    """Peak of the resident memory from now on, relative to now, on systems that report it (Linux).

    Memory of earlier work in the process does not count. The process may use such memory again.
    """

    def __init__(self) -> None:
        try:
            _CLEAR.write_text("5")  # reset the peak
            self._before = _kilobytes("VmRSS")
        except OSError:
            self._before = None

    def megabytes(self) -> float | None:
        """Additional peak memory since creation, 10^6 bytes; None if it is unknown."""
        peak = None if self._before is None else _kilobytes("VmHWM")
        if peak is None or self._before is None:
            return None
        return max(peak - self._before, 0) * 1024 / 1e6


def _kilobytes(name: str) -> int | None:
    for line in _STATUS.read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    return None
