import json

import pytest

from fag_tf._utils.figures import new_figure
from fag_tf.cli.study_files import stem_of, write_results


class Results:
    def to_json(self):
        return {"rate": 0.5}

    def to_csv(self):
        return "rate\n0.5\n"

    def to_markdown(self):
        return "| rate |\n"


def test_tables_and_pictures_are_written_and_named(tmp_path):
    pictures = [(stem_of("fag_tf/Task-v0 (a)"), new_figure(2.0, 2.0))]
    names = write_results(Results(), tmp_path, pictures)
    assert names == ["results.json", "results.csv", "results.md", "fag_tf_Task_v0_a.png"]
    assert {path.name for path in tmp_path.iterdir()} == set(names)
    assert json.loads((tmp_path / "results.json").read_text()) == {"rate": 0.5}


def test_nothing_is_written_where_a_picture_fails(tmp_path):
    def pictures():
        yield "one", new_figure(2.0, 2.0)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_results(Results(), tmp_path, pictures())
    assert not list(tmp_path.iterdir())
