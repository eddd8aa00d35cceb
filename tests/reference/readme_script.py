"""README's lines of the library as one script, as a reader would put them into a notebook.

`python readme_script.py README.md` prints it; it needs nothing but Python.
"""

import re
import sys
from pathlib import Path

MARKS = ("# tray.py", "import fag_tf as fag", "quick = {")

PICTURE = """
from PIL import Image, ImageDraw

picture = Image.new("L", (400, 400), 230)
ImageDraw.Draw(picture).rectangle((120, 170, 290, 230), fill=40)
picture.save("part.png")
"""
"""Draws what the lines take for granted: a dark bar on a light table."""


def readme_script(text: str) -> str:
    """The script of a README's text."""
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    chosen = [next(block for block in blocks if block.startswith(mark)) for mark in MARKS]
    return "\n".join([PICTURE, *chosen])


if __name__ == "__main__":
    print(readme_script(Path(sys.argv[1]).read_text(encoding="utf-8")))
