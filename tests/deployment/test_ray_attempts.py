"""Sources that end the processes that draw them are given up, and no others are."""

from fag_tf.deployment.ray_attempts import MOST_ENDED, Attempts


def test_attempts_that_come_back_clear_a_source():
    counts = Attempts()
    assert counts.begin(["a", "b"]) == [0, 0]
    counts.end(["a", "b"])
    assert counts.begin(["a", "b"]) == [0, 0]


def test_after_an_attempt_that_did_not_come_back_each_is_tried_by_itself():
    counts = Attempts()
    counts.begin(["a", "deadly", "b"])
    assert counts.begin(["a", "deadly", "b"]) == [1, 1, 1]  # and begins nothing
    assert counts.begin_one("a") == 1
    counts.end(["a"])
    for ended in range(1, MOST_ENDED):
        assert counts.begin_one("deadly") == ended
    assert counts.begin_one("deadly") == counts.begin_one("deadly") == MOST_ENDED
    assert counts.begin(["a"]) == [0]
    assert counts.begin_one("b") == 1
