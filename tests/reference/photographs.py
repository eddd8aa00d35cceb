"""Photographs of parts, drawn: light, shadow, texture, glare, noise, JPEG; and the true outline.

A photograph depends on its seed alone. What it shows is drawn at twice its resolution: a table, or
a sheet of paper on a table; the shadow of the part; the part; then the light over all of it, the
lens, the sensor and the file. Each of the hard things is there in some photographs and not in
others.
"""

import dataclasses
import io

import numpy as np
import shapely
import shapely.affinity
from PIL import Image, ImageDraw, ImageFilter

from fag_tf.environments.planar_grasp.feasibility.rules import feasibility
from fag_tf.environments.planar_grasp.parts.named import PART_NAMES, named_part
from fag_tf.environments.planar_grasp.parts.random import random_part
from fag_tf.errors import InputError

SEEN_SEEDS = range(1000, 1200)
"""Of those that segmentation was built on, which are 0 to 8199 and 10000 to 10599."""

HELD_SEEDS = range(9000, 9200)
"""Those that were kept apart, and run once."""

DOUBT = "doubtful outline"
FINER = 2  # of what is drawn, before it is averaged down
GOOD = 0.9  # share of grasps that hold below which a photograph was read wrongly
FEWEST = 8  # a part with fewer grasps says little of its photograph


@dataclasses.dataclass(frozen=True)
class Photograph:
    """A photograph, as bytes of a file, and the outline of its part in the picture's frame, m."""

    data: bytes
    suffix: str
    part: shapely.Polygon
    width: float
    traits: dict[str, object]

    def image(self):
        return Image.open(io.BytesIO(self.data))


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of a photograph: grasps, those that hold, and what was said of it."""

    seed: int
    grasps: int
    hold: int
    doubt: bool
    refused: str
    notes: tuple[str, ...]
    traits: dict[str, object]

    @property
    def share(self):
        return self.hold / max(self.grasps, 1)

    @property
    def wrong(self):
        return self.grasps >= FEWEST and self.share < GOOD


def photograph(seed):
    """The photograph of a seed."""
    rng = np.random.default_rng(seed)
    part = named_part(str(rng.choice(PART_NAMES)))[1] if rng.random() < 0.3 else random_part(rng)
    turn = rng.uniform(0, 360)
    part = shapely.affinity.rotate(part, turn, origin=(0, 0))
    sheet = rng.random() < 0.2
    reach = float(np.abs(part.bounds).max())
    width = max(rng.uniform(0.22, 0.34), 2.0 * reach / 0.75 + 0.05) + 0.06 * sheet
    columns = int(rng.choice([640, 800, 960]))
    rows = round(columns * 0.75) if rng.random() < 0.6 else columns
    if reach * 2 > 0.8 * width * rows / columns - 0.04 * sheet:
        rows = columns
    room = 0.5 * width * np.array([1, rows / columns]) - reach - 0.025 - 0.035 * sheet
    x, y = rng.uniform(-1, 1, 2) * np.clip(room, 0, 0.15 - reach)
    part = shapely.affinity.translate(part, x, y)
    scene = _Scene(rng, part, width, columns * FINER, rows * FINER, sheet)
    image = scene.photographed()
    if rng.random() < 0.7:
        quality = int(rng.integers(60, 96))
        return Photograph(_saved(image, "JPEG", quality=quality), ".jpg", part, width, scene.traits)
    return Photograph(_saved(image, "PNG"), ".png", part, width, scene.traits)


def _saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


class _Scene:
    """Draws one photograph; colours are shares of full light in [0, 1]."""

    def __init__(self, rng, part, width, columns, rows, sheet):
        self.rng, self.part, self.traits = rng, part, {}
        self.columns, self.rows, self.pitch = columns, rows, width / columns
        self.coloured = rng.random() < 0.6
        self.on_sheet = sheet
        self.traits |= {"sheet": sheet, "colour": self.coloured}
        v, u = np.mgrid[:rows, :columns].astype(np.float32)
        self.u, self.v = u / columns * 2 - 1, v / rows * 2 - 1

    def photographed(self):
        rng = self.rng
        ground, ink = self._colours()
        covered = self._covered(self.part)
        picture = self._textured(ground)
        picture *= self._shadow(covered)[..., None]
        picture = picture + covered[..., None] * (self._surface(ink) - picture)
        picture *= self._light()[..., None]
        image = Image.fromarray((picture.clip(0, 1) * 255).round().astype(np.uint8))
        image = image.filter(ImageFilter.GaussianBlur(FINER * rng.uniform(0.4, 1.2)))
        small = np.asarray(image.reduce(FINER), np.float32)
        noise = float(rng.choice([0.5, 2.0, 4.0, 8.0], p=[0.25, 0.35, 0.3, 0.1]))
        self.traits["noise"] = noise
        small = small + rng.normal(0, noise, small.shape)
        return self._of_mode(Image.fromarray(small.clip(0, 255).round().astype(np.uint8)))

    def _of_mode(self, image):
        return image if self.coloured else image.convert("L")

    def _colours(self):
        """The ground's and the part's colours, which differ by a fifth of full light or more."""
        rng = self.rng
        light = rng.random() < 0.65
        self.traits["light_ground"] = bool(light) or self.on_sheet
        while True:
            if self.on_sheet:
                ground = rng.uniform(0.8, 0.95) * np.ones(3)
            else:
                ground = (rng.uniform(0.6, 0.95) if light else rng.uniform(0.15, 0.4)) * np.ones(3)
            ink = rng.uniform(0.08, 0.9) * np.ones(3)
            if self.coloured:
                ground = ground * rng.uniform(0.9, 1.0, 3)
                ink = ink * rng.uniform(0.5, 1.0, 3)
            if np.abs(ground - ink).max() > 0.2 and abs(ground.mean() - ink.mean()) > 0.12:
                self.traits["contrast"] = round(float(ink.mean() / ground.mean()), 2)
                return ground, ink

    def _covered(self, polygon):
        """Share of each pixel `[rows, columns]` that a polygon covers, of four by four points."""
        image = Image.new("L", (2 * self.columns, 2 * self.rows))
        draw = ImageDraw.Draw(image)
        for ring, fill in [(polygon.exterior, 255), *((hole, 0) for hole in polygon.interiors)]:
            x, y = np.array(ring.coords).T / self.pitch
            draw.polygon(
                list(zip(2 * x + self.columns - 0.5, self.rows - 2 * y - 0.5, strict=True)), fill
            )
        return np.asarray(image.reduce(2), np.float32) / 255

    def _textured(self, ground):
        rng, (u, v) = self.rng, (self.u, self.v)
        kind = str(rng.choice(["plain", "grain", "wood", "cloth"], p=[0.45, 0.25, 0.15, 0.15]))
        if self.on_sheet:
            kind = "plain" if rng.random() < 0.7 else "grain"
        self.traits["texture"] = kind
        pattern = np.zeros((self.rows, self.columns), np.float32)
        if kind == "grain":
            coarse = rng.normal(0, 1, (self.rows // 8 + 1, self.columns // 8 + 1))
            pattern = np.kron(coarse, np.ones((8, 8)))[: self.rows, : self.columns] * 0.025
        elif kind == "wood":
            wave = np.sin(14 * v + 1.5 * np.sin(2.2 * u + rng.uniform(0, 6)) + rng.uniform(0, 6))
            pattern = rng.uniform(0.04, 0.12) * wave + 0.02 * np.sin(63 * v + 4 * u)
        elif kind == "cloth":
            pattern = rng.uniform(0.03, 0.08) * np.sin(90 * u) * np.sin(80 * v)
        picture = ground * (1 + pattern[..., None])
        if not self.on_sheet:
            return picture.astype(np.float32)
        table = np.array([0.47, 0.36, 0.26]) * rng.uniform(0.5, 1.3)
        if not self.coloured or rng.random() < 0.3:
            table = table.mean() * np.ones(3)
        inset = 1 - rng.uniform(0.04, 0.12, (4, 2))
        corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * inset
        size = np.array([self.columns, self.rows])
        image = Image.new("L", (self.columns, self.rows))
        points = [tuple(each) for each in (corners + 1) / 2 * size]
        ImageDraw.Draw(image).polygon(points, fill=255)
        on = np.asarray(image, np.float32)[..., None] / 255
        return (table + on * (picture - table)).astype(np.float32)

    def _shadow(self, covered):
        """Share of the light that reaches each pixel of the ground."""
        rng = self.rng
        kind = str(rng.choice(["none", "soft", "hard"], p=[0.4, 0.3, 0.3]))
        self.traits["shadow"] = kind
        if kind == "none":
            return np.ones_like(covered)
        length = rng.uniform(0.004, 0.016)
        angle = rng.uniform(0, 2 * np.pi)
        steps = np.linspace(0, 1, 6) if rng.random() < 0.7 else [1.0]
        shade = np.zeros_like(covered)
        for step in steps:
            moved = shapely.affinity.translate(
                self.part, step * length * np.cos(angle), step * length * np.sin(angle)
            )
            shade = np.maximum(shade, self._covered(moved))
        blur = (0.0006 if kind == "hard" else rng.uniform(0.002, 0.005)) / self.pitch
        image = Image.fromarray((255 * shade).astype(np.uint8))
        soft = np.asarray(image.filter(ImageFilter.GaussianBlur(blur)), np.float32) / 255
        dark = rng.uniform(0.25, 0.6) if kind == "hard" else rng.uniform(0.15, 0.5)
        self.traits["shade"] = round(float(dark), 2)
        return 1 - dark * soft

    def _surface(self, ink):
        """The part's own colour `[rows, columns, 3]`, with glare in some photographs."""
        rng = self.rng
        surface = ink * (1 + 0.04 * rng.normal() * (self.u + self.v))[..., None]
        kind = str(rng.choice(["none", "spot", "streaks"], p=[0.7, 0.2, 0.1]))
        self.traits["glare"] = kind
        if kind == "none":
            return surface.astype(np.float32)
        x, y = self.u * 0.5 * self.columns * self.pitch, -self.v * 0.5 * self.rows * self.pitch
        angle = rng.uniform(0, np.pi)
        along = x * np.cos(angle) + y * np.sin(angle)
        across = y * np.cos(angle) - x * np.sin(angle)
        point = self.part.representative_point()
        at = point.x * np.cos(angle) + point.y * np.sin(angle)
        beside = point.y * np.cos(angle) - point.x * np.sin(angle)
        if kind == "spot":
            wide = rng.uniform(0.003, 0.012)
            bright = np.exp(
                -0.5 * (((along - at) / wide) ** 2 + ((across - beside) / (2 * wide)) ** 2)
            )
        else:
            wide = rng.uniform(0.002, 0.005)
            bright = np.zeros_like(along)
            for place in np.arange(-0.3, 0.3, rng.uniform(0.03, 0.06)):
                bright += np.exp(-0.5 * ((along - at - place) / (0.5 * wide)) ** 4)
        strength = rng.uniform(0.4, 1.0)
        surface = surface + strength * bright[..., None].clip(0, 1) * (0.97 - surface)
        return surface.astype(np.float32)

    def _light(self):
        rng = self.rng
        light = np.ones((self.rows, self.columns), np.float32)
        gradient, vignette = rng.random() < 0.5, rng.random() < 0.5
        if gradient:
            angle, fall = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.45)
            slope = (self.u * np.cos(angle) + self.v * np.sin(angle)) / 1.42
            light *= 1 - fall * 0.5 * (1 + slope)
        if vignette:
            light *= 1 - rng.uniform(0.1, 0.5) * 0.5 * (self.u**2 + self.v**2)
        self.traits |= {"gradient": gradient, "vignette": vignette}
        return light


def outcome_of(seed, model, folder, count=64):
    """Read the photograph of a seed with the scenes of the package, draw, and judge exactly."""
    from fag_tf.environments.planar_grasp.scenes import scene_of_picture

    shot = photograph(seed)
    path = folder / f"photo_{seed}{shot.suffix}"
    path.write_bytes(shot.data)
    try:
        scene = scene_of_picture(str(path), shot.width, size=model.image_size, anywhere=True)
    except InputError as error:
        return Outcome(seed, 0, 0, False, str(error), (), shot.traits)
    found = model.draw(scene, None, count, seed)
    actions = scene.in_frame(found.action)
    hold = int(feasibility(shot.part, model.gripper, actions).sum()) if len(actions) else 0
    doubt = any(DOUBT in note for note in scene.notes)
    return Outcome(seed, len(actions), hold, doubt, "", scene.notes, shot.traits)


def summary(outcomes):
    """Figures of many photographs, as a dict."""
    sure = [each for each in outcomes if not each.doubt and not each.refused]
    wrong = [each for each in outcomes if each.refused or each.wrong]
    told = [each for each in wrong if each.refused or each.doubt]
    grasps = sum(each.grasps for each in sure)
    return {
        "photographs": len(outcomes),
        "refused": sum(bool(each.refused) for each in outcomes),
        "doubtful": sum(each.doubt for each in outcomes),
        "without a note": len(sure),
        "hold of those": round(sum(each.hold for each in sure) / max(grasps, 1), 4),
        "wrong": len(wrong),
        "wrong and told": len(told),
        "right": len(outcomes) - len(wrong),
        "right with a note": sum(each.doubt for each in outcomes if not each.wrong),
    }
