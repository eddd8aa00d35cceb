import json
import os

import numpy as np
import pytest

from fag_tf.deployment.batch_sampling import SamplingJob, seed_of_stopped
from fag_tf.deployment.feasible_sampling import draw_feasible
from fag_tf.deployment.sampler import load_model
from fag_tf.deployment.source_sampling import SourceSampler
from fag_tf.errors import InputError


@pytest.fixture
def sources(tmp_path):
    """Twelve files, the fifth of them bad."""
    folder = tmp_path / "sources"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number:02}").write_text("bad" if number == 4 else str(0.08 + 0.001 * number))
    return sorted(map(str, folder.iterdir()))


@pytest.fixture
def job_of(stand_in_model, observation, tmp_path):
    """A job of the stand-in whose sources hold the gripper's opening."""
    sampler = load_model(stand_in_model)
    read_ones = []

    def read(source):
        read_ones.append(source)
        with open(source) as file:
            text = file.read()
        if text == "bad":
            raise InputError(f"{source} is bad")
        gripper = observation["gripper"].copy()
        gripper[0, 0] = float(text)
        return {"image": observation["image"], "gripper": gripper}

    def make(least=0.6, **changes):
        settings = {"count": 30, "seed": 2} | changes
        drawing = SourceSampler(sampler, read, min_feasibility=least, **settings)
        job = SamplingJob(drawing, tmp_path / "out" / "all.npz", about={})
        job.read_ones = read_ones
        return job

    return make


def test_each_source_gets_what_it_would_get_alone_and_a_bad_one_is_skipped(job_of, sources):
    job, finished = job_of(), []
    report = job.run(sources, finished.append)
    assert finished == [8, 12]
    assert list(report.bad.values()) == [f"{sources[4]} is bad"]
    assert report.done == [*sources[:4], *sources[5:]]
    with np.load(job.out) as arrays:
        assert arrays["source"].tolist() == report.done
        assert report.samples == len(arrays["action"]) == 11 * 30
        (alone,) = draw_feasible(job.sampler.model, job.sampler.read(sources[7]), 30, 2, 0.6)
        np.testing.assert_allclose(arrays["action"][6 * 30 : 7 * 30], alone.action, atol=1e-6)
    assert [path.name for path in job.out.parent.iterdir()] == ["all.npz"]


def test_a_source_whose_name_is_no_text_is_done_like_others(job_of, tmp_path):
    source = tmp_path / os.fsdecode(b"part\xff")
    source.write_text("0.08")
    job = job_of()
    assert job.run([str(source)]).samples == 30
    with np.load(job.out) as arrays:
        assert arrays["source"].tolist() == [str(tmp_path / "part\ufffd")]


def test_a_job_that_was_stopped_goes_on_where_it_was(job_of, sources):
    def stop(finished):
        raise KeyboardInterrupt

    job = job_of()
    with pytest.raises(KeyboardInterrupt):
        job.run(sources, stop)
    assert not job.out.exists()
    assert seed_of_stopped(job.out) == 2
    job.read_ones.clear()
    report = job.run(sources)
    assert job.read_ones == [sources[4], *sources[8:]]
    assert report.resumed == 7
    assert report.samples == 11 * 30
    assert seed_of_stopped(job.out) is None


def test_a_source_that_changed_meanwhile_is_drawn_again(job_of, sources):
    job = job_of()
    with pytest.raises(ZeroDivisionError):
        job.run(sources, lambda finished: 1 // 0)
    with open(sources[0], "w") as file:
        file.write("0.1000")
    job.read_ones.clear()
    job.run(sources)
    assert sources[0] in job.read_ones


def test_parts_of_other_settings_are_not_mixed_in(job_of, sources):
    with pytest.raises(ZeroDivisionError):
        job_of().run(sources, lambda finished: 1 // 0)
    with pytest.raises(InputError, match="--seed"):
        job_of(count=31).run(sources)


def test_damaged_parts_are_reported(job_of, sources):
    job = job_of()
    with pytest.raises(ZeroDivisionError):
        job.run(sources, lambda finished: 1 // 0)
    for part in job.parts.glob("*.npz"):
        part.write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"\.parts/\w+\.npz"):
        job.run(sources)
    (job.parts / "job.json").write_text("{")
    with pytest.raises(InputError, match=r"job\.json"):
        seed_of_stopped(job.out)


def test_sources_where_nothing_is_found_are_named(job_of, sources):
    report = job_of(least=0.999).run(sources[:3])
    assert report.empty == sources[:3]
    assert report.samples == 0


def test_if_no_source_can_be_read_nothing_is_written(job_of, sources):
    job = job_of()
    with pytest.raises(InputError, match=rf"\b1\b.*{sources[4]} is bad"):
        job.run(sources[4:5])
    assert not job.out.exists()
    assert not job.parts.exists()


def test_the_settings_are_told_in_the_file(job_of, sources):
    job = job_of()
    job.run(sources[:2])
    with np.load(job.out) as arrays:
        about = json.loads(str(arrays["about"]))
    assert about == {"seed": 2, "count": 30, "min_feasibility": 0.6}


def test_log_densities_are_written_where_the_model_gives_them(job_of, sources, dense_model):
    job = job_of()
    job.sampler.model = load_model(dense_model)
    job.run(sources[:3])
    with np.load(job.out) as arrays:
        assert arrays["log_density"].shape == (90,)
        expected = 2.0 - 100.0 * arrays["action"][:, 0]
        np.testing.assert_allclose(arrays["log_density"], expected, atol=1e-5)
