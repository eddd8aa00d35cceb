import os
import sys

from fag_tf._utils.streams import silent_stderr


def test_nothing_is_written_meanwhile_whoever_writes(capfd):
    with silent_stderr():
        print("one", file=sys.stderr)
        os.write(2, b"two")
        sys.stderr.flush()
    print("three", file=sys.stderr)
    assert capfd.readouterr().err == "three\n"
