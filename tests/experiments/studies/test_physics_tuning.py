import pytest

from fag_tf.experiments.studies import physics_tuning
from fag_tf.experiments.studies.physics_tuning import execute_tuning, tuning_runs
from reference.tiny_runs import eagerly

assert eagerly


def test_the_shipped_model_is_measured_by_the_simulation(monkeypatch):
    monkeypatch.setattr(physics_tuning, "_DRAWS", 16)
    monkeypatch.setattr(physics_tuning, "_TRIES", 400)
    monkeypatch.setattr(physics_tuning, "_SAMPLES", 16)
    shipped = tuning_runs(1, True)[0]
    result = execute_tuning(shipped)
    figures = result["figures"]
    assert figures["checks"] == 0
    assert figures["rate"] > 0.5
    assert figures["rules_rate"] > 0.5
    assert 0.0 < figures["coverage"] < 2.0
    assert set(result["parts"]) == set(shipped.parts)


@pytest.mark.slow
def test_a_tuned_model_is_measured_likewise(monkeypatch):
    monkeypatch.setattr(physics_tuning, "_DRAWS", 16)
    monkeypatch.setattr(physics_tuning, "_TRIES", 400)
    monkeypatch.setattr(physics_tuning, "_SAMPLES", 16)
    result = execute_tuning(tuning_runs(1, True)[1])
    assert result["figures"]["checks"] == 192
    assert result["figures"]["rate"] > 0.3
