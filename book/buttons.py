"""Sphinx extension: buttons that open a chapter's notebook elsewhere, and its text to mend.

All of them follow from the repository's one address (`imprint.py`); without it there are none.
Colab and Binder open the executable notebook of the branch `notebooks`, never a text source.
"""

from imprint import NOTEBOOKS

from hrgradlib.address import Repository

LAUNCHERS = (("Colab", "logo_colab.png"), ("Binder", "logo_binder.svg"))
LABELS = {"github": "fab fa-github", "gitlab": "fab fa-gitlab"}


def link(url: str, text: str, icon: str, label: str) -> dict[str, str]:
    return {"type": "link", "url": url, "text": text, "tooltip": text, "icon": icon, "label": label}


def launch(repository: Repository, notebook: str) -> list[dict[str, str]]:
    """Buttons that run a notebook of the branch, on hosts that can."""
    urls = (repository.colab(notebook, NOTEBOOKS), repository.binder(notebook, NOTEBOOKS))
    return [
        link(url, f"Run on {name}", f"_static/images/{logo}", f"launch-{name.lower()}")
        for url, (name, logo) in zip(urls, LAUNCHERS, strict=True)
        if url
    ]


def source(repository: Repository, page: str | None, branch: str) -> list[dict[str, str]]:
    """Buttons to the repository and, on a page with a text of its own, to mend that."""
    icon = LABELS.get(repository.host, "fas fa-code-branch")
    found = [link(repository.url, "Repository", icon, "source-repository-button")]
    if page:
        edit = repository.edit(f"book/{page}.md", branch)
        found.append(link(edit, "Suggest edit", "fas fa-pencil-alt", "source-edit-button"))
        issue = repository.issue(f"Page {page}: ")
        found.append(link(issue, "Open issue", "fas fa-lightbulb", "source-issues-button"))
    return [button for button in found if button["url"]]


def add_buttons(app, pagename: str, templatename: str, context: dict, doctree) -> None:
    imprint = app.config.imprint
    if not imprint["repository"] or "header_buttons" not in context:
        return
    repository = Repository(imprint["repository"])
    page = pagename if doctree is not None else None
    sources = source(repository, page, imprint["branch"])
    groups = [("Source of this book", sources[0]["icon"], sources, "source-buttons")]
    if pagename in app.config.editions:
        launchers = launch(repository, f"{pagename}.ipynb")
        groups.insert(0, ("Run this chapter", "fas fa-rocket", launchers, "launch-buttons"))
    context["header_buttons"][:0] = [
        {"type": "group", "tooltip": tooltip, "icon": icon, "buttons": buttons, "label": label}
        for tooltip, icon, buttons, label in groups
    ]


def setup(app) -> dict:
    app.connect("html-page-context", add_buttons, priority=910)  # after the theme has made its own
    return {"parallel_read_safe": True, "parallel_write_safe": True}
