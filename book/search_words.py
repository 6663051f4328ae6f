"""Sphinx extension: the search finds and shows words, not TeX, and pages show what was found.

Formulas enter the index as the letters they show; `static/search.js` does the same for what the
search quotes of a page, and highlights hits, which Sphinx does not do beside this theme.
"""

import html
import json
import re
from pathlib import Path

from docutils import nodes
from numbering import numbered_title
from sphinx.util.nodes import clean_astext

# What a reader would write for a command; others vanish, with what only arranges.
TEX = {
    "alpha": "α", "beta": "β", "gamma": "γ", "Gamma": "Γ", "delta": "δ", "Delta": "Δ",
    "eps": "ε", "epsilon": "ε", "varepsilon": "ε", "eta": "η", "theta": "θ", "kappa": "κ",
    "lambda": "λ", "Lambda": "Λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ",
    "sigma": "σ", "Sigma": "Σ", "tau": "τ", "phi": "φ", "varphi": "φ", "psi": "ψ", "omega": "ω",
    "Omega": "Ω", "partial": "∂", "nabla": "∇", "infty": "∞", "to": "→", "le": "≤", "leq": "≤",
    "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "ll": "≪", "gg": "≫", "approx": "≈", "sim": "∼",
    "in": "∈", "times": "×", "cdot": "·", "pm": "±", "sum": "∑", "int": "∫", "langle": "⟨",
    "rangle": "⟩", "ell": "ℓ", "max": "max", "min": "min", "log": "log", "exp": "exp", "sin": "sin",
    "cos": "cos",
}  # fmt: skip
COMMAND = r"\\([A-Za-z]+|.)"
ARRANGING = r"[{}$_^&~]"


def words(tex: str) -> str:
    r"""A formula as a reader would type it: ``\varepsilon \to 0`` is ``ε → 0``."""
    known = re.sub(COMMAND, lambda found: f" {TEX.get(found[1], '')} ", tex)
    return " ".join(re.sub(ARRANGING, " ", known).split())


def without_tex(node: nodes.Node) -> nodes.Node:
    """A copy in which formulas are words, or are gone where they stand alone."""
    copy = node.deepcopy()
    for formula in list(copy.findall(nodes.math_block)):
        formula.parent.remove(formula)
    for formula in list(copy.findall(nodes.math)):
        formula.parent.replace(formula, nodes.Text(f" {words(formula.astext())} "))
    return copy


def title_of(node: nodes.Element | None) -> str:
    return " ".join(clean_astext(without_tex(node)).split()) if node is not None else ""


def clean_index(app) -> None:
    """What a builder of pages gives to the index passes through here."""
    given = getattr(app.builder, "index_page", None)
    if given is None:
        return

    def index_page(pagename: str, doctree: nodes.document, title: str) -> None:
        cleaned = without_tex(doctree)
        for found in cleaned.findall(nodes.title):  # a title's text is one text again, in one line
            found.children = [nodes.Text(" ".join(found.astext().split()))]
        if pagename in app.env.titles:
            title = title_of(nodes.title("", "", *numbered_title(app.env, pagename)))
        given(pagename, cleaned, html.escape(title, quote=False))

    app.builder.index_page = index_page


def write_table(app, error: Exception | None) -> None:
    """The same table for the script that quotes pages."""
    if error is None and app.builder.format == "html":
        table = json.dumps(TEX, ensure_ascii=False, sort_keys=True)
        path = Path(app.outdir) / "_static" / "tex_words.js"
        path.write_text(f"const TEX_WORDS = {table};\n", encoding="utf-8")


def setup(app) -> dict:
    app.connect("builder-inited", clean_index)
    app.connect("build-finished", write_table)
    app.add_js_file("tex_words.js", loading_method="defer", priority=900)
    app.add_js_file("search.js", loading_method="defer", priority=901)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
