import sys

from fag_tf.parallel.search_path import add_search_path, search_path


def test_what_one_process_finds_another_finds_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", "/elsewhere"])
    assert search_path() == [str(tmp_path), "/elsewhere"]
    monkeypatch.setattr(sys, "path", ["/elsewhere"])
    add_search_path([str(tmp_path), "/elsewhere"])
    assert sys.path == ["/elsewhere", str(tmp_path)]
