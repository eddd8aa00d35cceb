"""Pages of the project's root as pages of the site, and links that lead out of docs/."""

import os
import re
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "CODE_OF_CONDUCT.md": "code_of_conduct.md",
    "SECURITY.md": "security.md",
}
"""Where a page of the root is in the site."""

_SOURCES = {uri: name for name, uri in PAGES.items()}
_FENCE = re.compile(r"^ {0,3}(```+|~~~+).*?^ {0,3}\1[`~]*\s*$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(\]\()([^)\s]+)([^)]*\))")


def root_pages():
    """Markdown of the root's pages by place in the site."""
    return {uri: (ROOT / name).read_text(encoding="utf-8") for name, uri in PAGES.items()}


def redirect(markdown, uri):
    """A page whose links lead to where the files are in the site.

    Args:
        markdown: the page as it lies in the project, where its links lead to other files.
        uri: its place in the site.

    Returns:
        The page, and the files outside docs/ that it needs, by their place in the site.
    """
    folder = (ROOT / _SOURCES[uri] if uri in _SOURCES else DOCS / uri).parent
    wanted = {}

    def led(match):
        before, link, after = match.groups()
        path, hash_sign, anchor = link.partition("#")
        if not path or re.match(r"[a-z]+:", path):
            return match[0]
        place = _place(Path(os.path.normpath(folder / unquote(path))), wanted)
        if place is None:
            return match[0]  # MkDocs says that it leads nowhere
        return before + os.path.relpath(place, Path(uri).parent) + hash_sign + anchor + after

    # Blocks of code hold brackets that are no links.
    parts, end = [], 0
    for fence in _FENCE.finditer(markdown):
        parts += [_LINK.sub(led, markdown[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, _LINK.sub(led, markdown[end:])]), wanted


def _place(path, wanted):
    """Where a file of the project is in the site; None if there is none."""
    if path.is_relative_to(DOCS):
        return path.relative_to(DOCS).as_posix()
    if not path.is_relative_to(ROOT) or not path.is_file():
        return None
    name = path.relative_to(ROOT).as_posix()
    if name in PAGES:
        return PAGES[name]
    # Of any other kind a browser would not show but download it.
    place = f"project/{name}" + ("" if path.suffix in (".png", ".svg", ".txt") else ".txt")
    wanted[place] = path
    return place
