"""Sphinx's configuration of the site: see build.py, which puts this file beside the pages."""

import inspect
import re
from importlib.metadata import version as installed
from typing import Any

from docutils import nodes
from numpy.typing import ArrayLike, DTypeLike, NDArray
from sphinx.util.inspect import TypeAliasForwardRef
from sphinx.util.typing import stringify_annotation

project = "minigrad"
author = "the minigrad authors"
copyright = author
release = version = installed("minigrad")
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.mathjax"]
html_theme = "furo"
html_title = "minigrad"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_favicon = "static/icon.svg"
html_copy_source = False
html_show_sphinx = False
nb_execution_mode = "off"  # chapters.py has run them
nb_merge_streams = True
nb_mime_priority_overrides = [("html", "text/vnd.mermaid", None)]
suppress_warnings = ["mystnb.unknown_mime_type", "misc.highlighting_failure"]  # graphs; csv
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "attrs_block"]
myst_heading_anchors = 3
mathjax_path = "mathjax/tex-chtml-full.js"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_type_aliases = {name: name for name in ("Array", "ArrayLike", "DTypeLike", "Result")}
TypeAliasForwardRef.__repr__ = lambda self: self.name  # which is what Sphinx shows of an alias
WRITTEN = {
    name: stringify_annotation(kind, "smart")
    for name, kind in (("Array", NDArray[Any]), ("ArrayLike", ArrayLike), ("DTypeLike", DTypeLike))
}
add_module_names = False
autodoc_member_order = "bysource"
default_role = "literal"
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"


def _plain(app, what, name, obj, options, lines):  # type: ignore[no-untyped-def]
    """Docstrings are plain words with `code`: what else reStructuredText would read into them is escaped."""
    for i, line in enumerate(lines):
        parts = line.split("`")
        parts[::2] = [re.sub(r"([*|\\]|\b_|_\b)", r"\\\1", part) for part in parts[::2]]
        lines[i] = "`".join(parts).replace("`", "``") if len(parts) % 2 else "\\`".join(parts)


def _of_tensors(app, what, name, obj, options, signature, returned):  # type: ignore[no-untyped-def]
    """An op's own signature, in terms of Tensors: Sphinx would show that of the function on arrays."""
    if "__signature__" not in getattr(obj, "__dict__", {}):
        return _short(signature), _short(returned)
    shown, _, gives = str(inspect.signature(obj)).replace("'", "").rpartition(" -> ")
    return shown, gives


def _short(types):  # type: ignore[no-untyped-def]
    """A signature with the names of types that Sphinx writes out."""
    for name, written in WRITTEN.items():
        types = types and types.replace(written, name)
    return types


def _own_descriptions(app, doctree):  # type: ignore[no-untyped-def]
    """Of a cell's pictures each gets its own alt text: myst-nb gives each those of all, a line each."""
    for cell in doctree.findall(nodes.container):
        if "cell_output" in cell["classes"]:
            for line, image in enumerate(cell.findall(nodes.image)):
                image["alt"] = image["alt"].split("\n")[line]


def setup(app):  # type: ignore[no-untyped-def]
    app.connect("doctree-read", _own_descriptions)
    app.connect("autodoc-process-signature", _of_tensors)
    app.connect("autodoc-process-docstring", _plain)
