import json

import pytest

from fag_tf.training.run_log import cut_log, read_log

LINES = [json.dumps({"step": step, "loss": 0.5 * step}) for step in (2, 4, 6)]


def test_a_log_that_is_not_there_is_empty_and_stays_away(tmp_path):
    cut_log(tmp_path / "log.jsonl", 4)
    assert read_log(tmp_path / "log.jsonl") == []
    assert not (tmp_path / "log.jsonl").exists()


def test_what_lies_behind_a_step_is_cut(tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_text("\n".join(LINES) + "\n")
    cut_log(log, 4)
    assert log.read_text() == "\n".join(LINES[:2]) + "\n"


@pytest.mark.parametrize("damage", ['{"step": 4', "[1, 2]", '{"loss": 1.0}', "[" * 10_000])
def test_a_damaged_line_ends_the_log(tmp_path, damage):
    log = tmp_path / "log.jsonl"
    log.write_text("\n".join([LINES[0], damage, LINES[2]]))
    assert [row["step"] for row in read_log(log)] == [2]
