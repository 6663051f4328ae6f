"""Sphinx extension: the fields of a record stand once in the reference, with their meaning.

A named tuple gives each of its fields a text of Python's own ("Alias for field number 0"). Listed
among the members it would follow the class's docstring, which says what the fields are.
"""

from sphinx.application import Sphinx

NO_TEXT = "Alias for field number"


def skip_field(
    app: Sphinx, what: str, name: str, member: object, skip: bool, options
) -> bool | None:
    """True for a field without a text of its own; None leaves the decision to others."""
    return True if (getattr(member, "__doc__", None) or "").startswith(NO_TEXT) else None


def setup(app: Sphinx) -> dict:
    app.setup_extension("sphinx.ext.autodoc")  # whose event it is
    app.connect("autodoc-skip-member", skip_field)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
