import json
import math

import numpy as np
import pytest

from fag_tf.training.report_window import ReportWindow


def test_a_report_has_the_means_of_what_is_finite_and_then_begins_anew():
    window = ReportWindow()
    window.add({"critic_loss": np.float32(1.0), "rate": 0.5})
    window.add({"critic_loss": np.float32(math.nan)})
    window.add({"critic_loss": np.float32(2.0)})
    means = window.take()
    assert means.pop("steps_per_second") > 0
    assert means == {"critic_loss": 1.5, "rate": 0.5}
    assert window.take() == {"steps_per_second": 0.0}


def test_what_is_not_reported_yet_survives_as_json():
    window, other = ReportWindow(), ReportWindow()
    for value in (0.1, math.nan, 0.3):
        window.add({"critic_loss": np.float32(value), "rate": value})
    other.restore(json.loads(json.dumps(window.state())))
    for one in (window, other):
        one.add({"critic_loss": np.float32(0.7)})
    first, second = window.take(), other.take()
    del first["steps_per_second"], second["steps_per_second"]
    assert first == second


@pytest.mark.parametrize("state", [3, [], {"a": 1.0}, {"a": ["1"]}, {"a": [True]}])
def test_a_state_that_is_something_else_is_refused(state):
    with pytest.raises(ValueError, match="figures"):
        ReportWindow().restore(state)
