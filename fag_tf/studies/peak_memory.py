"""How much memory a process comes to hold while something is done in it."""

from pathlib import Path

__all__ = ["PeakMemory"]

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


class PeakMemory:
    """The most that is resident from now on, where the system (Linux) tells.

    It is that of the whole process: a few hundred megabytes are TensorFlow itself.
    """

    def __init__(self) -> None:
        try:
            _CLEAR.write_text("5")  # forget the highest so far
            self._known = True
        except OSError:
            self._known = False

    def megabytes(self) -> float | None:
        """The highest since this was made, in 10^6 bytes; None where it cannot be known."""
        if not self._known:
            return None
        for line in _STATUS.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
        return None
