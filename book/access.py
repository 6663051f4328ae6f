"""Sphinx extension: what a reader with a phone, a keyboard or a screen reader needs."""

from sphinx.application import Sphinx

# Roles of the bibliography that are deprecated, or that their content does not fit.
_ROLES = (
    (' role="doc-biblioentry"', ""),
    ('<div role="list" class="citation-list">', '<div class="citation-list">'),
)


def mend_roles(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Leave out what tells a screen reader less than no role at all."""
    body = context.get("body")
    if isinstance(body, str):
        for found, instead in _ROLES:
            body = body.replace(found, instead)
        context["body"] = body


def setup(app: Sphinx) -> dict:
    app.add_js_file("access.js")
    app.add_js_file("enlarge.js", loading_method="defer")
    app.connect("html-page-context", mend_roles)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
