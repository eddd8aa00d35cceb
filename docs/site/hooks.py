"""What MkDocs calls: pages that lie outside docs/, reference made of the code, formulas."""

import re

import nbformat
from command_reference import commands
from formulas import with_formulas
from mkdocs.structure.files import File
from notebooks import as_notebook, kept_digest
from option_reference import options, schedule
from root_pages import ROOT, redirect, root_pages

ICON = ROOT / "fag_tf" / "deployment" / "playground" / "static" / "icon.svg"

REPOSITORY_ONLY = re.compile(r"<!-- repository only -->\n.*?\n<!-- end -->\n", re.DOTALL)
"""What the site leaves out."""

BOOSTS = {"reference/": 4.0, "explanation/studies": 0.25, "explanation/recipe": 0.25}
"""Weight in the search by how a page's name begins: the reference comes before the figures."""

MADE = {"commands": commands, "options": options, "schedule": schedule}
"""What stands in a page in place of a comment of that name."""


def on_files(files, config):
    """Add the pages of the project's root, and the tutorials as notebooks."""
    for page in files.documentation_pages():
        if page.src_uri.startswith("tutorials/") and kept_digest(page.content_string):
            notebook = nbformat.writes(as_notebook(page.content_string))
            uri = page.src_uri.removesuffix(".md") + ".ipynb"
            files.append(File.generated(config, uri, content=notebook))
    for uri, content in root_pages().items():
        files.append(File.generated(config, uri, content=content))
    files.append(File.generated(config, "project/icon.svg", abs_src_path=str(ICON)))
    return files


def on_page_markdown(markdown, page, config, files):
    """Put in what is made of the code, lead links to files in the site, and weigh the page."""
    for beginning, weight in BOOSTS.items():
        if page.file.src_uri.startswith(beginning):
            page.meta["search"] = {"boost": weight}
    markdown = REPOSITORY_ONLY.sub("", markdown)
    for name, make in MADE.items():
        comment = f"<!-- {name} -->\n"
        if comment in markdown:
            markdown = markdown.replace(comment, make())
    notebook = files.get_file_from_path(page.file.src_uri.removesuffix(".md") + ".ipynb")
    if notebook is not None:
        title, rest = markdown.split("\n", 1)
        markdown = f"{title}\n\n[Download as a notebook]({notebook.name}.ipynb)\n{rest}"
    markdown, wanted = redirect(markdown, page.file.src_uri)
    for uri, path in wanted.items():
        if files.get_file_from_path(uri) is None:
            files.append(File.generated(config, uri, abs_src_path=str(path)))
    return markdown


def on_page_content(html, page, config, files):
    """Write formulas as MathML."""
    return with_formulas(html)
