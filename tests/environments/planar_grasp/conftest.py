"""What tests of several readers share."""

import pytest


@pytest.fixture
def saved(tmp_path):
    """Write a picture; give its path."""

    def save(image, name="picture.png", **options):
        path = tmp_path / name
        image.save(path, **options)
        return path

    return save
