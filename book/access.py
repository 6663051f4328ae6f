"""Sphinx extension: what a reader with a phone, a keyboard or a screen reader needs."""

import re

from sphinx.application import Sphinx

# Roles of the bibliography that are deprecated, or that their content does not fit.
_ROLES = (
    (' role="doc-biblioentry"', ""),
    ('<div role="list" class="citation-list">', '<div class="citation-list">'),
)

# A formula is a box to the browser, which may part it from a bracket before and a comma after it.
_FORMULA = re.compile(
    r"""([(\[“‘]*)(<span class="math notranslate nohighlight">[^<]*</span>)([.,;:!?)\]’”]*)"""
)
# A number is torn at its minus, and from its per cent.
_NUMBER = re.compile(r"\d(?:\.\d+)?e[-−]\d+")
_PER_CENT = re.compile(r"(?<=\d) %")
_MARKUP = re.compile(r"(<[^>]*>)")
_LITERAL = ("pre", "code", "script", "style", "svg", "math")


def keep_together(body: str) -> str:
    """Wrap what a line must not part: a formula and its signs; a number; a number and its %."""
    body = _FORMULA.sub(_one_word, body)
    pieces, inside, last = _MARKUP.split(body), "", ""
    for i, piece in enumerate(pieces):
        if i % 2:  # a tag
            name = re.match(r"</?([a-z0-9]*)", piece).group(1)
            if not inside and name in _LITERAL and not piece.startswith("</"):
                inside = name
            elif inside == name and piece.startswith("</"):
                inside = ""
        elif not inside:
            # A glued number is an element of its own: its last digit stands before the tag.
            told = _PER_CENT.sub("\N{NO-BREAK SPACE}%", last[-1:] + piece)
            last, piece = piece or last, told.removeprefix(last[-1:])
            pieces[i] = _NUMBER.sub(r'<span class="together">\g<0></span>', piece)
    return "".join(pieces)


def _one_word(found: re.Match) -> str:
    before, formula, after = found.groups()
    return f'<span class="together">{found.group()}</span>' if before or after else formula


def mend_lines(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Apply :func:`keep_together` to a page."""
    if isinstance(context.get("body"), str):
        context["body"] = keep_together(context["body"])


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
    app.connect("html-page-context", mend_lines)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
