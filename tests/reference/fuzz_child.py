"""A process that reads files by the readers under test, with bounds on memory and on its own time.

Each line of the input is `READER PATH`; each line of the output is JSON: `outcome` is `read`,
`refused` or `fault`, with what says why. A reader that takes too long ends the process by SIGXCPU
after a traceback on the fault file.
"""

import faulthandler
import json
import os
import resource
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path

from fag_tf.errors import InputError
from reference.fuzz_readers import READERS


def _memory(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) << 10
    raise AssertionError(name)


def _bound(kind: int, soft: int) -> None:
    resource.setrlimit(kind, (soft, resource.getrlimit(kind)[1]))


def _where(error: BaseException) -> str:
    """The innermost line of the package that the error came through."""
    own = [
        each for each in traceback.extract_tb(error.__traceback__) if "/fag_tf/" in each.filename
    ]
    if not own:
        return "outside"
    return f"{own[-1].filename.partition('/fag_tf/')[2]}:{own[-1].name}"


def _judged(name: str, path: Path, printed: Path) -> dict[str, str]:
    with warnings.catch_warnings(record=True) as leaked:
        warnings.simplefilter("always")
        try:
            READERS[name].read(path)
            answer = {"outcome": "read", "why": ""}
        except InputError as error:
            text = str(error)
            plain = bool(text.strip()) and len(text.splitlines()) == 1 and text.isprintable()
            answer = {"outcome": "refused" if plain else "fault", "why": text}
            if not plain:
                answer["where"] = f"not one plain line, {_where(error)}"
        except BaseException as error:
            where = f"{type(error).__name__}, {_where(error)}"
            told = "".join(traceback.format_exception(error))[-3000:]
            answer = {"outcome": "fault", "where": where, "why": told}
    if answer["outcome"] != "fault" and leaked:
        where = f"warning {leaked[0].category.__name__}, {leaked[0].filename}:{leaked[0].lineno}"
        answer = {"outcome": "fault", "where": where, "why": str(leaked[0].message)}
    if answer["outcome"] != "fault" and printed.stat().st_size:
        text = printed.read_text(errors="replace")[:300]
        answer = {"outcome": "fault", "where": f"prints, {name}", "why": text}
    os.truncate(printed, 0)
    return answer


def main() -> None:
    folder, seconds, memory, names = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    printed = Path(folder) / "printed"
    faults = (Path(folder) / "hang").open("w")
    faulthandler.enable(faults)
    faulthandler.register(signal.SIGXCPU, faults, all_threads=False, chain=True)
    for name in names.split(","):  # imports count neither as time nor as memory
        READERS[name].prepare()
    with printed.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.truncate(printed, 0)
    answers.write("ready\n")
    answers.flush()
    for line in sys.stdin:
        name, path = line.rstrip("\n").split(" ", 1)
        Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
        before = _memory("VmRSS")
        _bound(resource.RLIMIT_DATA, _memory("VmData") + 2 * int(memory))
        begin = time.process_time()
        _bound(resource.RLIMIT_CPU, int(begin) + 1 + int(seconds))
        answer = _judged(name, Path(path), printed)
        _bound(resource.RLIMIT_DATA, resource.RLIM_INFINITY)
        used = _memory("VmHWM") - before
        answer["seconds"], answer["bytes"] = time.process_time() - begin, used
        if answer["outcome"] != "fault" and used > int(memory):
            answer |= {"outcome": "fault", "where": f"memory, {name}", "why": f"{used:,} bytes"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
