"""Questions as the page asks them."""

import base64
import io

from PIL import Image, ImageDraw

from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, FIELDS


def question(part, **others):
    gripper = {name: getattr(DEFAULT_GRIPPER, name) for name in FIELDS}
    return {"part": part, "gripper": gripper, "count": 32, "seed": 1, **others}


def picture(mode="RGB", background="white", ink="black", box=(250, 350, 650, 450), size=900):
    """A bar in a square picture, as bytes of a PNG."""
    image = Image.new(mode, (size, size), background)
    ImageDraw.Draw(image).rectangle(box, fill=ink)
    file = io.BytesIO()
    image.save(file, "png")
    return file.getvalue()


def base64_of(content: bytes) -> str:
    return base64.b64encode(content).decode()
