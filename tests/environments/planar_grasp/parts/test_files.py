import json

import numpy as np
import pytest
import shapely
from PIL import Image

from fag_tf.environments.planar_grasp.images.rendering import occupancy
from fag_tf.environments.planar_grasp.parts.choice import Choice
from fag_tf.environments.planar_grasp.parts.files import read_part, read_polygons, trace_part
from fag_tf.environments.planar_grasp.parts.named import named_part
from fag_tf.errors import InputError

SQUARE = "POLYGON ((0 0, 0.1 0, 0.1 0.1, 0 0.1, 0 0))"


def written(tmp_path, text, name="part.wkt"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def picture(tmp_path, values, name="part.png"):
    path = tmp_path / name
    Image.fromarray(np.asarray(values, np.uint8)).save(path)
    return path


def silhouette(part, size=300, object_value=0, ground=255):
    share = occupancy(part, size)
    return np.round(ground + (object_value - ground) * share)


def test_wkt_is_read_in_its_own_frame(tmp_path):
    part = read_part(written(tmp_path, SQUARE))
    assert part.equals(shapely.box(0, 0, 0.1, 0.1))


@pytest.mark.parametrize(
    ("units", "metres"), [("m", 1), ("cm", 0.01), ("mm", 0.001), ("in", 0.0254)]
)
def test_units_and_scale_enlarge_about_the_origin(tmp_path, units, metres):
    part = read_part(written(tmp_path, "POLYGON ((1 1, 3 1, 3 2, 1 1))"), units=units, scale=2)
    np.testing.assert_allclose(part.bounds, np.array([1, 1, 3, 2]) * 2 * metres)


def test_holes_are_kept(tmp_path):
    part = named_part("8")[1]
    again = read_part(written(tmp_path, shapely.to_wkt(part, rounding_precision=-1)))
    assert shapely.equals_exact(part, again, tolerance=1e-12)


@pytest.mark.parametrize("wrap", ["geometry", "feature", "collection", "multi"])
def test_geojson_in_any_wrapping_is_read(tmp_path, wrap):
    square = json.loads(shapely.to_geojson(shapely.box(0, 0, 0.1, 0.1)))
    feature = {"type": "Feature", "properties": {}, "geometry": square}
    content = {
        "geometry": square,
        "feature": feature,
        "collection": {"type": "FeatureCollection", "features": [feature]},
        "multi": {"type": "MultiPolygon", "coordinates": [square["coordinates"]]},
    }[wrap]
    part = read_part(written(tmp_path, json.dumps(content), "part.geojson"))
    assert part.equals(shapely.box(0, 0, 0.1, 0.1))


def test_heights_are_dropped(tmp_path):
    part = read_part(written(tmp_path, "POLYGON Z ((0 0 5, 1 0 5, 1 1 5, 0 0 5))"))
    assert not part.has_z


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("POLYGON ((0 0, 1 0", "WKT:"),
        ("a square", "WKT:"),
        (b"\xff\xfe\x00\x01", "UTF-8"),
        ("POLYGON EMPTY", "empty geometry"),
        ("POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))", "Self-intersection"),
        ("POLYGON ((0 0, 1 0, 1 1, 0 1, 0 0), (2 2, 3 2, 3 3, 2 2))", "Hole lies outside shell"),
        ("POLYGON ((0 0, nan 0, 1 1, 0 0))", "finite"),
        ("POLYGON ((0 0, inf 0, 1 1, 0 0))", "finite"),
        ("LINESTRING (0 0, 1 1)", "LineString that is not closed"),
        ("POINT (0 0)", "a Point"),
        ("MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((2 2, 3 2, 3 3, 2 2)))", "2 polygons"),
    ],
)
def test_text_that_is_no_part_says_why_in_one_line(tmp_path, text, message):
    with pytest.raises(InputError, match=message) as caught:
        read_part(written(tmp_path, text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        f"SRID=4326;{SQUARE}",
        f" srid = 25832 ; {SQUARE}",
        "LINESTRING (0 0, 0.1 0, 0.1 0.1, 0 0.1, 0 0)",
        "MULTILINESTRING ((0 0, 0.1 0, 0.1 0.1, 0 0.1, 0 0))",
    ],
)
def test_extended_wkt_and_closed_lines_are_read(tmp_path, text):
    part = read_part(written(tmp_path, text))
    assert part.equals(shapely.box(0, 0, 0.1, 0.1))


def test_several_polygons_are_read_from_left_to_right(tmp_path):
    features = [
        {"type": "Feature", "properties": {}, "geometry": json.loads(shapely.to_geojson(box))}
        for box in (shapely.box(2, 0, 3, 1), shapely.box(0, 0, 1, 1))
    ]
    content = json.dumps({"type": "FeatureCollection", "features": features})
    found = read_polygons(written(tmp_path, content, "a.geojson"), "cm")
    assert [each.bounds[0] for each in found] == [0.0, 0.02]


def test_broken_geojson_says_so(tmp_path):
    with pytest.raises(InputError, match="GeoJSON"):
        read_part(written(tmp_path, '{"type": "Polygon"', "part.json"))


def test_files_that_are_not_there_or_of_no_kind_are_named(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_part(tmp_path / "part.wkt")
    with pytest.raises(InputError, match=r"part\.png"):
        trace_part(tmp_path / "part.png")
    (tmp_path / "folder.wkt").mkdir()
    with pytest.raises(InputError, match="Is a directory"):
        read_part(tmp_path / "folder.wkt")
    with pytest.raises(InputError, match=r"part\.stl.*\.wkt"):
        read_part(written(tmp_path, SQUARE, "part.stl"))


@pytest.mark.parametrize("options", [{"units": "ft"}, {"scale": 0.0}, {"scale": float("nan")}])
def test_options_that_cannot_be_used_are_rejected(tmp_path, options):
    with pytest.raises(InputError):
        read_part(written(tmp_path, SQUARE), **options)


@pytest.mark.parametrize(("object_value", "ground"), [(0, 255), (255, 0), (40, 200)])
@pytest.mark.parametrize("name", ["8", "hammer"])
def test_a_silhouette_is_traced_to_scale_with_its_holes(tmp_path, name, object_value, ground):
    part = named_part(name)[1]
    path = picture(tmp_path, silhouette(part, 300, object_value, ground))
    traced, notes = trace_part(path, width_m=0.30)
    assert notes == ()
    assert traced.is_valid
    assert len(traced.interiors) == len(part.interiors)
    assert traced.symmetric_difference(part).area < 0.02 * part.area
    assert traced.hausdorff_distance(part) < 0.0015
    for half in (trace_part(path, width_m=0.15), trace_part(path, width_m=0.30, scale=0.5)):
        assert half[0].area == pytest.approx(traced.area / 4)


def test_opacity_is_a_silhouette_too(tmp_path):
    part = named_part("T")[1]
    share = occupancy(part, 200)
    rgba = np.zeros((200, 200, 4))
    rgba[..., 3] = 255 * share
    traced, _ = trace_part(picture(tmp_path, rgba), width_m=0.30)
    assert traced.symmetric_difference(part).area < 0.03 * part.area


def test_a_wide_picture_keeps_its_pixels_square(tmp_path):
    values = np.full((100, 200), 255)
    values[40:60, 50:150] = 0
    traced, _ = trace_part(picture(tmp_path, values), width_m=0.20)
    np.testing.assert_allclose(traced.bounds, [-0.05, -0.01, 0.05, 0.01], atol=1e-9)


def test_specks_are_no_objects_but_two_objects_are_too_many(tmp_path):
    values = np.full((100, 100), 255)
    values[20:60, 20:60] = 0
    values[80, 80] = 0
    traced, _ = trace_part(picture(tmp_path, values), width_m=0.1)
    assert traced.area == pytest.approx(0.0016, rel=0.01)
    values[70:95, 70:95] = 0
    two = picture(tmp_path, values)
    with pytest.raises(InputError, match=r" 2 .*--largest"):
        trace_part(two, width_m=0.1)
    assert trace_part(two, width_m=0.1, choice=Choice(largest=True))[0].area == pytest.approx(
        0.0016, rel=0.01
    )


def test_pieces_that_hang_together_by_a_faint_line_are_no_part(tmp_path):
    values = np.full((100, 100), 255)
    values[20:60, 20:40] = values[20:60, 44:64] = 0
    values[40, 40:44] = 160
    with pytest.raises(InputError, match="2 pieces"):
        trace_part(picture(tmp_path, values))


@pytest.mark.parametrize(("shape", "width"), [((100, 200), 0.30), ((200, 100), 0.15)])
def test_a_picture_of_unsaid_width_is_padded_to_the_whole_table(tmp_path, shape, width):
    values = np.full(shape, 255)
    values[40:60, 40:60] = 0
    traced, (note,) = trace_part(picture(tmp_path, values))
    np.testing.assert_allclose(traced.area, (20 * width / shape[1]) ** 2, rtol=0.01)
    assert "0.30 m" in note


def test_a_part_cut_out_without_a_margin_is_not_taken_for_its_background(tmp_path):
    values = np.full((140, 85), 255)
    values[:, :32] = values[108:] = 0
    with pytest.raises(InputError, match="margin"):
        trace_part(picture(tmp_path, values), width_m=0.085)


def test_a_picture_without_an_object_says_so(tmp_path):
    with pytest.raises(InputError, match="no object"):
        trace_part(picture(tmp_path, np.full((50, 50), 255)))


@pytest.mark.parametrize("options", [{"width_m": 0.0}, {"width_m": float("nan")}, {"scale": -1.0}])
def test_options_of_a_picture_that_cannot_be_used_are_rejected(tmp_path, options):
    with pytest.raises(InputError, match=r" (0|nan) m\b|scale.*-1\.0"):
        trace_part(picture(tmp_path, silhouette(named_part("T")[1], 64)), **options)
