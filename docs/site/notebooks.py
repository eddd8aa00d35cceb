"""Tutorials as notebooks: `python docs/site/notebooks.py docs/tutorials/NAME.md ...`.

A tutorial is a page of Markdown whose blocks of Python and shell are the cells of a notebook. This
runs them, and writes into the page what they print, and beside it what they draw. So a page can be
read everywhere, the site needs to run nothing, and there is one text to edit.

- What a cell prints follows it as a block `{.text .output}`. It is written anew at each run.
- What a cell draws goes to docs/pictures/tutorials/NAME-1.png and so on. The page shows it by an
  ordinary picture between this cell and the next, with words for those who do not see it.
- A block whose first line is a comment with the name of a file, such as `# room.py`, is written to
  that file and not run.
- The last line keeps a digest of the cells, so that a test sees when they were edited since.
"""

import base64
import hashlib
import io
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import jupytext
import nbformat
from nbclient import NotebookClient
from PIL import Image

PICTURES = Path(__file__).parents[1] / "pictures" / "tutorials"

FIGURES = Path(__file__).with_name("matplotlibrc")

_CELL = re.compile(r"^```(?:python|sh)\n.*?^```\n", re.MULTILINE | re.DOTALL)
_PRINTED = re.compile(r"\n```\{\.text \.output\}\n.*?^```\n", re.MULTILINE | re.DOTALL)
_DRAWN = re.compile(r"^!\[[^\]]*\]\(\.\./pictures/tutorials/[^)]+\)\n*", re.MULTILINE)
_DIGEST = re.compile(r"\n<!-- outputs of (\w+) -->\n")
_FILE = re.compile(r"# (\w+\.py)\n")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# A command says so while it computes, the oftener the busier the machine is.
_HEARTBEAT = re.compile(r"^(?:.*, \d+ s so far|step [\d,]+/[\d,]+)\n", re.MULTILINE)


class Outputs(NamedTuple):
    """What a cell has given.

    Attributes:
        printed: its text.
        drawn: its pictures, as PNG.
    """

    printed: str
    drawn: list[bytes]


def without_outputs(page: str) -> str:
    """The page as its author has written it, but for the pictures."""
    return _DIGEST.sub("", _PRINTED.sub("", page))


def as_notebook(page: str) -> nbformat.NotebookNode:
    """The page as a notebook without outputs; what its cells draw is shown by them."""
    plain = _DRAWN.sub("", without_outputs(page))
    notebook = jupytext.reads(plain, fmt="md")
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"  # in place of random ones, with which no two builds agree
        if cell.cell_type == "code" and (file := _FILE.match(cell.source)):
            cell.source = f"%%writefile {file[1]}\n{cell.source}"
    notebook.metadata["kernelspec"] = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    return notebook


def digest(page: str) -> str:
    """A short digest of all cells of a page."""
    cells = "".join(_CELL.findall(without_outputs(page)))
    return hashlib.sha256(cells.encode()).hexdigest()[:16]


def kept_digest(page: str) -> str:
    """The digest of the cells that the page's outputs are of."""
    found = _DIGEST.search(page)
    return found[1] if found else ""


def run(page: str, folder: Path) -> list[Outputs]:
    """Run all cells in a folder; gives what each has given.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed.
    """
    here = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    notebook = as_notebook(page)
    client = NotebookClient(notebook, timeout=3600, resources={"metadata": {"path": folder}})
    settings = {"PATH": here, "MATPLOTLIBRC": str(FIGURES), "CUDA_VISIBLE_DEVICES": "-1"}
    client.execute(env={**os.environ, **settings})
    return [_outputs(cell) for cell in notebook.cells if cell.cell_type == "code"]


def _outputs(cell: nbformat.NotebookNode) -> Outputs:
    printed, drawn = "", []
    if cell.source.startswith("%%writefile"):
        return Outputs("", [])
    for output in cell.outputs:
        if output.output_type == "stream":
            # Notes of libraries on the standard error would be of this machine; those of a
            # command of `fag-tf` are its report.
            command = cell.source.startswith("%%sh") and "fag-tf" in cell.source
            if output.name == "stdout" or command:
                printed += output.text
        elif "image/png" in output.data:
            drawn.append(base64.b64decode(output.data["image/png"]))
        else:
            printed += output.data["text/plain"] + "\n"
    lines = _HEARTBEAT.sub("", _COLOUR.sub("", printed)).splitlines()
    return Outputs("\n".join(line.rstrip() for line in lines).strip("\n"), drawn)


def with_outputs(page: str, outputs: list[Outputs], name: str) -> str:
    """The page with what its cells print, and their digest.

    Raises:
        ValueError: the pictures that the page shows are not those that its cells draw.
    """
    page = without_outputs(page)
    cells = list(_CELL.finditer(page))
    if len(cells) != len(outputs):
        raise ValueError(f"{name} has {len(cells)} blocks and {len(outputs)} cells")
    parts, end, names = [], 0, _names(name)
    for index, (cell, output) in enumerate(zip(cells, outputs, strict=True)):
        parts.append(page[end : cell.end()])
        end = cell.end()
        if output.printed:
            parts.append(f"\n```{{.text .output}}\n{output.printed}\n```\n")
        following = cells[index + 1].start() if index + 1 < len(cells) else len(page)
        for _ in output.drawn:
            picture = next(names)
            if f"](../pictures/tutorials/{picture})" not in page[end:following]:
                raise ValueError(f"{name} does not show {picture} after the cell that draws it")
    return "".join([*parts, page[end:], f"\n<!-- outputs of {digest(page)} -->\n"])


def _names(name: str) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"{name}-{number}.png"


def write(path: Path) -> None:
    """Run the cells of a page and write their outputs into it and beside it."""
    page = path.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        outputs = run(page, Path(folder))
    path.write_text(with_outputs(page, outputs, path.stem), encoding="utf-8")
    PICTURES.mkdir(exist_ok=True)
    names = _names(path.stem)
    for output in outputs:
        for picture in output.drawn:
            (PICTURES / next(names)).write_bytes(_small(picture))


def _small(picture: bytes) -> bytes:
    """A PNG as it is, or in 256 colours if it is as large as only photographs are."""
    if len(picture) < 150_000:
        return picture
    small = io.BytesIO()
    colours = Image.open(io.BytesIO(picture)).convert("RGB")
    # Of the methods this one keeps rare colours, such as those of a scale.
    colours.quantize(256, Image.Quantize.MAXCOVERAGE).save(small, "PNG", optimize=True)
    return small.getvalue()


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        write(Path(argument))
