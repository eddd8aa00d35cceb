import pytest

from fag_tf.environments.planar_grasp.images.confidence import Evidence

SURE = Evidence(40.0)


def test_a_clear_part_is_sure():
    assert SURE.confidence() == 1.0
    assert SURE.doubts() == ()


@pytest.mark.parametrize(
    "change",
    [
        {"contrast": 2.0},
        {"plain_sheet": False},
        {"shadow_fit": 0.45},
        {"shadow_fit": 0.8, "shadow_rival": 0.9, "shadow_step": 0.1},
        {"inner_step": 0.9},
        {"inner_edge": 0.05},
        {"slivers": 2e-5},
        {"soft_edge": 0.4},
        {"joined": 0.1},
        {"filled": 0.4},
        {"blunt_run": 0.01},
        {"hidden": 0.7},
    ],
)
def test_each_thing_alone_can_make_it_doubtful_and_is_named(change):
    evidence = SURE._replace(**change)
    assert 0.0 <= evidence.confidence() < 0.5
    assert len(evidence.doubts()) >= 1


def test_several_small_marks_make_it_doubtful_together():
    one = SURE._replace(blunt_run=0.003)
    two = one._replace(inner_edge=0.005)
    assert 0.5 < two.confidence() < one.confidence()
    assert two._replace(faint_run=0.03).confidence() < 0.5


def test_a_shadow_that_lies_as_one_would_is_no_doubt():
    assert SURE._replace(shadow_fit=0.9, shadow_rival=0.3, shadow_step=0.5).confidence() > 0.9
