import json

import pytest
from pyarrow import parquet

from fag_tf.deployment import sample_folder
from fag_tf.deployment.sample_folder import FolderJob, is_part_folder, seed_of_folder
from fag_tf.deployment.sampler import load_model
from fag_tf.deployment.source_sampling import SourceSampler
from fag_tf.errors import InputError


@pytest.fixture
def job_of(stand_in_model, observation, tmp_path, monkeypatch):
    """A job of the stand-in over numbers, three a part; number 4 is bad."""
    monkeypatch.setattr(sample_folder, "_SOURCES_A_PART", 3)
    model = load_model(stand_in_model)
    read_ones = []

    def read(source):
        read_ones.append(source)
        if source == "4":
            raise InputError("4 is bad")
        return observation

    def make(out="parts", count=5, seed=2):
        job = FolderJob(SourceSampler(model, read, count, seed, 0.6), str(tmp_path / out), {})
        job.read_ones = read_ones
        return job

    return make


NUMBERS = [str(number) for number in range(8)]


def rows_of(folder):
    return [
        row
        for part in sorted(folder.glob("*.parquet"))
        for row in parquet.read_table(part).to_pylist()
    ]


def test_every_part_holds_the_rows_of_its_sources_and_says_what_it_is(job_of, tmp_path):
    finished = []
    report = job_of().run(NUMBERS, finished.append)
    assert finished == [3, 6, 8]
    assert report.bad == {"4": "4 is bad"}
    assert report.samples == 7 * 5
    rows = rows_of(tmp_path / "parts")
    assert [row["source"] for row in rows[::5]] == [n for n in NUMBERS if n != "4"]
    assert list(rows[0]) == ["source", "x", "y", "theta", "feasibility"]
    metadata = parquet.read_schema(tmp_path / "parts" / "part-000001.parquet").metadata
    assert json.loads(metadata[b"about"]) == {"seed": 2, "count": 5, "min_feasibility": 0.6}
    assert seed_of_folder(str(tmp_path / "parts")) == 2


def test_a_job_that_was_stopped_goes_on_with_the_parts_that_are_missing(job_of, tmp_path):
    def stop(finished):
        raise KeyboardInterrupt

    job = job_of()
    with pytest.raises(KeyboardInterrupt):
        job.run(NUMBERS, stop)
    assert job.read_ones == NUMBERS[:3]
    report = job.run(NUMBERS)
    assert report.resumed == 3
    assert job.read_ones == NUMBERS
    again = job.run(NUMBERS)
    assert job.read_ones == NUMBERS
    assert (again.samples, again.bad, again.done) == (report.samples, report.bad, report.done)
    assert job_of("other").run(NUMBERS).samples == report.samples
    assert rows_of(tmp_path / "parts") == rows_of(tmp_path / "other")


@pytest.mark.parametrize("changed", ["seed", "sources", "no job", "damaged"])
def test_parts_of_another_job_are_not_mixed_in(changed, job_of, tmp_path):
    job_of().run(NUMBERS)
    if changed == "no job":
        (tmp_path / "parts" / "job.json").unlink()
    if changed == "damaged":
        (tmp_path / "parts" / "part-000000.parquet").write_bytes(b"nothing")
    sources = NUMBERS[:7] if changed == "sources" else NUMBERS
    with pytest.raises(InputError, match=r"parts of|damaged"):
        job_of(seed=3 if changed == "seed" else 2).run(sources)


def test_a_slash_or_a_scheme_makes_a_folder():
    assert is_part_folder("grasps/")
    assert is_part_folder("s3://bucket/grasps")
    assert not is_part_folder("grasps.csv")
    assert not is_part_folder("folder/grasps.parquet")
