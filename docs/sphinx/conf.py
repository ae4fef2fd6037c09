"""How the documents become a site: `make docs` runs Sphinx with this file over the repository.

The pages are the Markdown files as they lie, so that their links work in the site as they do where
the files are read. What stands between `<!-- made: NAME -->` and `<!-- end -->` is replaced by what
`generated.NAME()` writes: references are made of the code that they describe, whenever the site is
built.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(HERE)]

import generated  # noqa: E402
from navigation import NAVIGATION  # noqa: E402

from analyzer import __version__  # noqa: E402

project = "Kasper"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc"]

root_doc = "docs/README"
include_patterns = [
    "*.md",
    "docs/**.md",
    "models/*/MODEL_CARD.md",
    "data/*/README.md",
    "notebooks/README.md",
]
# what lies in a working folder and is no document
exclude_patterns = [
    ".*",
    "**/node_modules",
    "site",
    "build",
    "dist",
    "runs",
    "kasper-data",
    "secrets",
]

myst_heading_anchors = 4
# single backticks in docstrings are code, as they are in Markdown
default_role = "code"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
python_use_unqualified_type_names = True
add_module_names = False
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = "Kasper"
html_favicon = str(ROOT / "api" / "static" / "icon.svg")
html_logo = html_favicon
html_static_path = ["static"]
html_css_files = ["kasper.css"]
templates_path = ["templates"]
html_additional_pages = {"index": "index.html"}
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_use_index = False
html_domain_indices = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0d665c", "color-brand-content": "#1d58a8"},
    "dark_css_variables": {"color-brand-primary": "#74d1bf", "color-brand-content": "#8db9f5"},
}

_MADE = re.compile(r"^<!-- made: (\w+) -->$.*?^<!-- end -->$", re.M | re.S)


def complete(app: Sphinx, page: str, source: list[str]) -> None:
    """Put what is made of the code into a page, and the navigation behind the first one."""
    source[0] = _MADE.sub(lambda match: getattr(generated, match[1])(), source[0])
    if page == root_doc:
        for caption, pages in NAVIGATION.items():
            entries = "\n".join(pages)
            source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{entries}\n```\n"


def setup(app: Sphinx) -> None:
    """Sphinx calls this once."""
    app.connect("source-read", complete)
