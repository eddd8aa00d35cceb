import pytest

from fag_tf.errors import InputError
from fag_tf.experiments.studies.folder import StudyFolder
from fag_tf.experiments.studies.plan import EnvironmentSpec, Plan, Study, Variant

PLAN = Plan(Study("tiny", "?", (Variant("a"), Variant("b")), (EnvironmentSpec("ring"),)), seeds=2)


class Killed(BaseException):
    pass


def result(run):
    figures = {"feasible_rate": float(run.seed)}
    return {"run": run.case, "figures": figures, "interactions": 1, "seconds": {"fit": 0.0}}


def each(execute):
    """Execute the runs one after the other."""
    return lambda runs: ((run, execute(run)) for run in runs)


@pytest.fixture
def folder(tmp_path):
    return StudyFolder(tmp_path / "study")


def test_runs_that_are_done_are_not_done_again(folder):
    runs = PLAN.runs()
    done = []

    def until_killed(run):
        if len(done) == 2:
            raise Killed
        done.append(run.key)
        return result(run)

    with pytest.raises(Killed):
        folder.do(runs, each(until_killed))
    assert [run.key for run in folder.missing(runs)] == [run.key for run in runs[2:]]
    reported = []
    folder.do(
        runs,
        each(lambda run: (done.append(run.key), result(run))[1]),
        lambda r, _: reported.append(r),
    )
    assert done == [run.key for run in runs]
    assert reported == runs[2:]
    assert folder.result(runs[3])["figures"] == {"feasible_rate": 1.0}


def test_a_damaged_result_is_done_again_and_what_a_killed_writer_left_is_removed(folder):
    runs = PLAN.runs()[:1]
    folder.do(runs, each(result))
    folder.path(runs[0]).write_text('{"run": ')
    left = folder.directory / "runs" / ".a.1234.partial.json"
    left.write_text("{")
    assert folder.result(runs[0]) is None
    folder.do(runs, each(result))
    assert folder.result(runs[0]) is not None
    assert not left.exists()


def test_two_processes_do_not_share_a_folder(folder):
    def second(run):
        with pytest.raises(InputError, match=f"{folder.directory}.*process"):
            StudyFolder(folder.directory).do([run], each(result))
        return result(run)

    folder.do(PLAN.runs()[:1], each(second))


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_run(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"/file/runs: .*/file\b"):
        StudyFolder(tmp_path / "file").do(PLAN.runs(), each(lambda run: pytest.fail("run")))
