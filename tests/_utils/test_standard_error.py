import logging
import os

from fag_tf._utils.standard_error import quiet, silent_stderr


def test_what_goes_past_python_is_not_seen_within_the_block_alone(capfd):
    os.write(2, b"before ")
    with silent_stderr():
        os.write(2, b"within ")
    os.write(2, b"after")
    assert capfd.readouterr().err == "before after"


def test_named_loggers_are_quiet_and_their_errors_are_kept(capfd):
    with quiet("a", "b") as errors:
        logging.getLogger("a").warning("hidden")
        logging.getLogger("b").error("kept %d", 3)
    assert errors == ["kept 3"]
    assert capfd.readouterr().err == ""
    assert logging.getLogger("a").propagate
