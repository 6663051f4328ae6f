"""Sphinx extension: licence, citation and changelog are a link away from every page."""

from sphinx.application import Sphinx

PAGE = "appendices/about"
LINKS = (("Licence, citation, changelog", PAGE), ("Glossary", "appendices/glossary"),
         ("Reproduce it", "appendices/reproduce"))  # fmt: skip


def add_links(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Put the links into the footer, before what the theme's own option says."""
    links = " · ".join(
        f'<a href="{context["pathto"](target)}">{text}</a>'
        for text, target in LINKS
        if target in app.env.found_docs
    )
    extra = context.get("theme_extra_footer") or ""
    context["theme_extra_footer"] = f'<p class="about-links">{links}</p>{extra}'


def setup(app: Sphinx) -> dict:
    app.connect("html-page-context", add_links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
