import numpy as np
import pytest
from PIL import Image, ImageDraw

from fag_tf.environments.planar_grasp.images.masks import read_mask, same_size
from fag_tf.environments.planar_grasp.images.segmentation import read_cover
from fag_tf.errors import InputError


def silhouette(white=255, size=(60, 40), mode="L"):
    image = Image.new(mode, size)
    ImageDraw.Draw(image).rectangle((10, 5, 29, 24), fill=white)
    return image


@pytest.mark.parametrize(("white", "mode"), [(255, "L"), (1, "L"), (1, "1"), (3, "L"), (1, "P")])
def test_white_or_not_zero_is_the_part(white, mode):
    image = silhouette(white, mode=mode)
    if mode == "P":
        image.putpalette([0, 0, 0, 128, 0, 0] + [0] * 750)
    share = read_mask(image, "mask.png")
    assert share.sum() == 400
    assert share[5:25, 10:30].all()


def test_grey_of_an_edge_is_a_share():
    image = silhouette()
    image.putpixel((30, 10), 64)
    assert read_mask(image, "mask.png")[10, 30] == pytest.approx(64 / 255)


def test_a_black_mask_is_refused():
    with pytest.raises(InputError, match=r"mask\.png is black"):
        read_mask(silhouette(0), "mask.png")


def test_a_mask_of_another_size_is_refused_in_one_line(tmp_path):
    silhouette(size=(61, 40)).save(tmp_path / "mask.png")
    silhouette().save(tmp_path / "photo.png")
    with pytest.raises(InputError, match=r"mask.png is 61 x 40 pixels.* 60 x 40") as caught:
        same_size(tmp_path / "mask.png", tmp_path / "photo.png")
    assert "\n" not in str(caught.value)


def test_a_mask_is_taken_in_place_of_what_the_picture_shows(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (40, 60, 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "photo.png")
    cover = read_cover(tmp_path / "photo.png", 0.3, mask=silhouette())
    assert cover.share.sum() == 400
    assert (cover.confidence, cover.notes) == (1.0, ())


def test_a_mask_is_averaged_down_as_its_picture_is():
    photo = Image.new("RGB", (4100, 3000), (9, 99, 9))
    whole = Image.new("L", (4100, 3000))
    ImageDraw.Draw(whole).rectangle((1000, 1000, 1999, 1499), fill=255)
    cover = read_cover(photo, 0.3, mask=whole)
    assert cover.share.shape == cover.colour.shape[:2]
    assert cover.share.sum() * (cover.pitch / cover.pixels.pitch) ** 2 == pytest.approx(
        500_000, rel=1e-3
    )
