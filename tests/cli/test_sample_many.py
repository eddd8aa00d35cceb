import csv
import re

import pytest
from PIL import Image, ImageDraw


@pytest.fixture
def folder(tmp_path):
    """Three pictures of discs, one file that is no picture, one that only says so."""
    there = tmp_path / "parts"
    there.mkdir()
    for number in range(3):
        image = Image.new("L", (300, 300), "white")
        ImageDraw.Draw(image).ellipse((80 + 30 * number, 100, 180 + 30 * number, 200), fill="black")
        image.save(there / f"part{number}.png")
    (there / "notes.txt").write_text("no picture")
    return there


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_folder_gives_one_table_with_a_group_a_picture(sample, folder, tmp_path):
    out = tmp_path / "all.csv"
    code, printed, told = sample("--image", folder, "-n", 10, "--out", out, "--seed", 3)
    assert (code, printed) == (0, "")
    assert "30 grasps of 3 pictures" in told
    rows = rows_of(out)
    assert [row["source"] for row in rows[::10]] == [
        str(folder / f"part{number}.png") for number in range(3)
    ]
    sample("--image", folder / "part1.png", "-n", 10, "--out", tmp_path / "one.csv", "--seed", 3)
    alone = rows_of(tmp_path / "one.csv")
    assert list(alone[0])[4:] == ["width", "column", "row"]
    for row, one in zip(rows[10:20], alone, strict=True):
        assert {name: float(row[name]) for name in one} == pytest.approx(
            {name: float(value) for name, value in one.items()}, abs=1e-5, nan_ok=True
        )


def test_a_pattern_names_pictures_and_a_bad_one_is_skipped_and_told(sample, folder, tmp_path):
    (folder / "part1.png").write_bytes(b"nothing")
    out = tmp_path / "all.jsonl"
    code, _, told = sample("--image", folder / "part*.png", "-n", 5, "--out", out)
    assert code == 1
    assert "skipped" in told
    assert "part1.png" in told
    assert "10 grasps of 2 pictures" in told
    assert len(out.read_text().splitlines()) == 2


def test_a_picture_without_a_grasp_is_told(sample, folder, tmp_path):
    out = tmp_path / "all.csv"
    code, _, told = sample(
        "--image", folder, "-n", 1, "--out", out, "--min-feasibility", 0.999, "--seed", 0
    )
    assert code == 1
    assert re.search(rf"{folder / 'part0.png'}.*0\.999", told)
    assert rows_of(out) == []


def test_parts_of_another_model_are_not_joined(sample, folder, tmp_path, monkeypatch):
    out = tmp_path / "all.csv"

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as stopped:
        stopped.setattr("fag_tf.deployment.batch_sampling.write_groups", stop)
        assert sample("--image", folder, "-n", 2, "--out", out, "--seed", 3)[0] == 130
    monkeypatch.setattr("fag_tf.deployment.model_card.ModelCard.digest", "another")
    code, _, told = sample("--image", folder, "-n", 2, "--out", out, "--seed", 3)
    assert code == 2
    assert "--seed" in told


@pytest.mark.parametrize(
    ("image", "out", "message"),
    [
        ("empty", "all.csv", "no picture"),
        ("parts/*.bmp", "all.csv", "no picture"),
        ("parts", None, "3 pictures"),
        ("parts", "all.json", r".csv, .jsonl, .npz, .parquet"),
    ],
)
def test_wrong_folders_and_outputs_end_in_one_line_and_code_2(
    image, out, message, sample, folder, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    code, printed, told = sample("--image", image, *([] if out is None else ["--out", out]))
    assert (code, printed) == (2, "")
    assert message in told
    assert told.count("\n") == 1
    assert not (tmp_path / "all.csv").exists()


def test_a_folder_that_cannot_be_read_at_all_leaves_nothing(sample, folder, tmp_path):
    for picture in folder.glob("*.png"):
        picture.write_bytes(b"nothing")
    out = tmp_path / "out"
    code, _, told = sample("--image", folder, "--out", out / "all.csv")
    assert code == 2
    assert "none of 3" in told
    assert not any(out.rglob("*"))
