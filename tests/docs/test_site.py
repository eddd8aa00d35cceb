"""The site is built without a warning, of pages that lead to one another, and asks nobody else."""

import json
import os
import re
import subprocess
import sys
import tomllib
import types
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

import fag_tf
from fag_tf.cli.main import COMMANDS, cli
from fag_tf.config.parsing import config_to_dict
from fag_tf.config.schema import Config

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


class Page(HTMLParser):
    """What a page links, loads, and can be linked at."""

    def __init__(self, text):
        super().__init__()
        self.links, self.loads, self.anchors, self.pictures = [], [], {""}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.anchors |= {found[name] for name in ("id", "name") if found.get(name)}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag == "img":
            self.pictures.append((found["src"], found.get("alt", "")))
        if tag == "link" and found.get("rel") not in ("canonical", "prev", "next"):
            self.loads.append(found["href"])
        if "src" in found:
            self.loads.append(found["src"])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    done = subprocess.run(
        [*command, "-f", ROOT / "docs" / "site" / "mkdocs.yml", "-d", folder],
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site):
    return {path: Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}


def test_the_reference_has_every_name_environment_option_and_command(site, pages):
    names = pages[site / "reference" / "api.html"].anchors
    names |= pages[site / "reference" / "rl.html"].anchors
    for name in fag_tf.__all__:
        value = getattr(fag_tf, name)
        if isinstance(value, types.ModuleType):
            within = {each.rpartition(".")[2] for each in names if f".{name}." in each}
            assert within >= set(value.__all__)
        else:
            assert f"fag_tf.{name}" in names

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    classes = project["entry-points"]["fag_tf.environments"].values()
    environments = pages[site / "reference" / "environments.html"].anchors
    assert {each.replace(":", ".") for each in classes} <= environments

    options = pages[site / "reference" / "options.html"].anchors
    tables = config_to_dict(Config())
    del tables["format"]
    for name, value in tables.items():
        inner = value if isinstance(value, dict) and name != "env_options" else {}
        assert {name, *(f"{name}.{key}" for key in inner)} <= options

    text = (site / "reference" / "commands.html").read_text(encoding="utf-8")
    assert pages[site / "reference" / "commands.html"].anchors >= set(COMMANDS)
    for name in COMMANDS:
        for parameter in cli.get_command(None, name).params:
            assert all(f"<code>{option}" in text for option in parameter.opts if option[0] == "-")


def test_every_link_leads_to_a_page_and_an_anchor_of_it(site, pages):
    for path, page in pages.items():
        if path.name == "404.html":  # it is served at any address, so its links are absolute
            continue
        for link in page.links:
            address, _, anchor = link.partition("#")
            if re.match(r"[a-z]+:", address):
                continue
            target = Path(os.path.normpath(path.parent / unquote(address))) if address else path
            assert target.is_relative_to(site), f"{path.name} links {link}"
            assert target.is_file(), f"{path.name} links {link}"
            if anchor and target.suffix == ".html":
                assert unquote(anchor) in pages[target].anchors, f"{path.name} links {link}"


def test_nothing_is_loaded_from_elsewhere(site, pages):
    for path, page in pages.items():
        for address in page.loads:
            assert not re.match(r"([a-z]+:)?//", address), f"{path.name} loads {address}"
    for sheet in site.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert not re.search(r"@import|url\(\s*[\"']?(https?:)?//", text), sheet.name


def test_every_picture_is_there_and_says_what_it_shows(site, pages):
    for path, page in pages.items():
        for source, alt in page.pictures:
            if path.name == "404.html" or source.startswith("data:"):
                continue
            assert (path.parent / unquote(source)).is_file(), f"{path.name} shows {source}"
            assert alt.strip(), f"{path.name} shows {source} without words"


def test_formulas_need_no_script(site, pages):
    for path in pages:
        assert 'class="arithmatex"' not in path.read_text(encoding="utf-8"), path.name


def test_the_search_finds_an_option_without_its_tables_name(site):
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    separator = re.compile(index["config"]["separator"])
    tags = re.compile(r"<[^>]+>")
    words = {
        each["location"]: separator.split(tags.sub("", each["title"])) for each in index["docs"]
    }
    found = [location for location, title in words.items() if "num_supports" in title]
    assert found == ["reference/options.html#objective.num_supports"]


def test_tutorials_are_notebooks_to_download(site, pages):
    for path in sorted((site / "tutorials").glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        assert any(cell["cell_type"] == "code" for cell in notebook["cells"])
        assert path.name in pages[path.with_suffix(".html")].links
    assert (site / "tutorials" / "first_environment.ipynb").exists()
