"""Sphinx extension: the whole book as one LaTeX document, to be printed or handed out.

What is arranged here and nowhere else: parts with their captions, the introduction as a chapter,
letters for appendices, no numbers where pages have none, solutions at the end, and of a page only
what paper can show. Other builders are left alone.
"""

import shutil
import subprocess
from pathlib import Path

from docutils import nodes
from editions import caveats, of_the_book
from numbering import number_of, numbered_title
from printed_tables import Tables
from search_words import words
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.transforms.post_transforms.images import ImageConverter
from sphinx_exercise.nodes import is_extension_node, is_solution_node
from sphinx_proof.nodes import proof_node
from sphinxcontrib.bibtex.nodes import bibliography

PREAMBLE = Path(__file__).with_name("printed.tex")
CONVERTER = "rsvg-convert"  # SVG to PDF, text and lines as they are
# Letters that a line of code or output holds, by size of type; longer ones go on in a next line.
SIZES = ((112, ""), (128, r"\scriptsize"), (180, r"\tiny"))
NUMBERED, PLAIN = 1, -1  # deepest level of headings that has numbers: sections, none


def latex(text: str) -> nodes.raw:
    return nodes.raw("", text, format="latex")


def numbers_down_to(level: int) -> nodes.raw:
    return latex(rf"\setcounter{{secnumdepth}}{{{level}}}")


# --- settings -----------------------------------------------------------------------------------


def macros(config: Config) -> str:
    """What the pages' formulas may use, as LaTeX definitions."""
    found = config.mathjax3_config["tex"]["macros"]
    lines = []
    for name, meaning in found.items():
        text, arguments = (meaning, 0) if isinstance(meaning, str) else meaning
        lines.append(rf"\providecommand{{\{name}}}{{}}")
        lines.append(rf"\renewcommand{{\{name}}}" + f"[{arguments}]{{{text}}}")
    return "\n".join(lines)


def configure(app: Sphinx, config: Config) -> None:
    """Settings of the LaTeX builder; no other reads them."""
    config.latex_engine = "xelatex"
    config.latex_toplevel_sectioning = "chapter"
    config.latex_show_urls = "no"
    config.latex_domain_indices = False
    config.latex_documents = [
        (config.root_doc, "hrgrad.tex", config.project, config.author, "manual")
    ]
    config.latex_elements = {
        "papersize": "a4paper",
        "pointsize": "10pt",
        "extraclassoptions": "openany,oneside",
        "fncychap": "",
        "fontpkg": "",  # in the preamble, after what it must follow
        "fvset": r"\fvset{fontsize=\footnotesize}",
        "preamble": PREAMBLE.read_text(encoding="utf-8") + macros(config),
        "makeindex": "",
        "printindex": "",
        "sphinxsetup": "hmargin=25mm,vmargin={25mm,28mm}",
    }


def sign(app: Sphinx) -> None:
    """Version and state on the first page; as settings of the book, pages would tell them, too."""
    if app.builder.name == "latex":
        editions = [*app.config.editions.values()]
        version = app.config.imprint["version"]
        app.builder.context.update(
            release=version,
            releasename="Release" if version else "",
            date=of_the_book(editions) if editions else "",
        )


# --- the order of things ------------------------------------------------------------------------


def remember_captions(app: Sphinx, doctree: nodes.document) -> None:
    """A part's caption goes with its toctree when pages take its place; keep it beside that."""
    for toctree in doctree.findall(addnodes.toctree):
        if caption := toctree.get("caption"):
            toctree.parent["caption"] = caption


class Arrange(SphinxPostTransform):
    """The book's one doctree, with all pages in it, before references are resolved."""

    default_priority = 2
    formats = ("latex",)

    def run(self, **kwargs) -> None:
        root = next(self.document.findall(nodes.section))
        title, *content = root.children
        parts = [node for node in content if "caption" in getattr(node, "attributes", {})]
        literature = self.literature(parts)
        for part in parts:
            content.remove(part)
        for page in self.document.findall(addnodes.start_of_file):
            without_number(self.env, page)
        for_paper(self.document)
        root.children = []
        root += [title, numbers_down_to(PLAIN), self.introduction(content)]
        root += numbers_down_to(NUMBERED)
        lettered = False
        for part in parts:
            root += latex(rf"\part{{{part['caption']}}}")
            if not lettered and self.has_letters(part.children):
                lettered = True
                root += latex(r"\appendix")
            root += part.children
        root += literature

    def introduction(self, content: list[nodes.Node]) -> nodes.section:
        notes = {text for one in self.config.editions.values() for text in caveats(one)}
        chapter = nodes.section(ids=["introduction"], names=["introduction"])
        chapter["docname"] = self.env.docname
        chapter += nodes.title("", "Introduction")
        chapter += [nodes.warning("", nodes.paragraph("", text)) for text in sorted(notes)]
        chapter += content
        return chapter

    def has_letters(self, pages: list[nodes.Node]) -> bool:
        files = [page for page in pages if isinstance(page, addnodes.start_of_file)]
        numbers = [number_of(self.env, page["docname"]) for page in files]
        return any(number and isinstance(number[0], str) for number in numbers)

    def literature(self, parts: list[nodes.Element]) -> list[nodes.Node]:
        """The list of works, taken from its page: LaTeX has a place and a title of its own."""
        for part in parts:
            for page in list(part.children):
                if works := list(page.findall(bibliography)):
                    part.remove(page)
                    ids = [":doc", *next(page.findall(nodes.section))["ids"]]
                    at = "".join(
                        rf"\label{{\detokenize{{{page['docname']}:{one}}}}}" for one in ids
                    )
                    begin = latex(rf"\clearpage\phantomsection{at}")
                    return [begin, addnodes.start_of_file("", *works, docname=page["docname"])]
        return []


class Solutions(SphinxPostTransform):
    """All solutions in a chapter of their own, once references to them are resolved."""

    default_priority = 500
    formats = ("latex",)

    def run(self, **kwargs) -> None:
        found: dict[str, list[nodes.Node]] = {}
        for node in list(self.document.findall(is_solution_node)):
            found.setdefault(page_of(node), []).append(node)
            node.parent.remove(node)
        if not found:
            return
        chapter = nodes.section(ids=["solutions"], names=["solutions"])
        chapter += nodes.title("", "Solutions")
        for page, listed in found.items():
            section = nodes.section(ids=["solutions"], docname=page)
            section += [nodes.title("", "", *numbered_title(self.env, page)), *listed]
            # Labels are made of the name of the page they are in, which stays what it was.
            chapter += addnodes.start_of_file("", section, docname=page)
        for title in chapter.findall(nodes.title):
            for_outline(title)
        next(self.document.findall(nodes.section)).extend([numbers_down_to(PLAIN), chapter])


class Numbers(SphinxPostTransform):
    """References to exercises: LaTeX does not number these itself, so it cannot refer to them."""

    default_priority = 400
    formats = ("latex",)

    def run(self, **kwargs) -> None:
        known = getattr(self.env, "sphinx_exercise_registry", {})
        for node in list(self.document.findall(addnodes.number_reference)):
            label = node.get("refid") or node.get("refuri", "").rpartition("#")[2]
            if label in known:
                page = known[label]["docname"]
                number = self.env.toc_fignumbers[page]["exercise"][label]
                text = nodes.Text(node["title"] % ".".join(map(str, number)))
                uri = f"%{page}#{label}"
                node.replace_self(nodes.reference("", "", text, internal=True, refuri=uri))
        for node in list(self.document.findall(is_extension_node)):
            if is_solution_node(node):  # has its label
                continue
            name = rf"\detokenize{{{page_of(node)}:{node['label']}}}"
            node.parent.insert(node.parent.index(node), latex(rf"\phantomsection\label{{{name}}}"))


def page_of(node: nodes.Element) -> str:
    """By the sections around it: a file's children do not know that it is their parent."""
    while "docname" not in node:
        node = node.parent
    return node["docname"]


def without_number(env: BuildEnvironment, page: addnodes.start_of_file) -> None:
    """No number for the headings of a page that has none."""
    if not number_of(env, page["docname"]):
        page.insert(0, numbers_down_to(PLAIN))
        page += numbers_down_to(NUMBERED)


# --- what paper can show ------------------------------------------------------------------------


def for_paper(document: nodes.document) -> None:
    """Leave out what a reader would have to unfold to see, and what an execution set."""
    for cell in list(document.findall(nodes.container)):
        if {"tag_hide-input", "tag_parameters"} & set(cell["classes"]):
            for part in list(cell.findall(nodes.container)):
                if "cell_input" in part["classes"]:
                    part.parent.remove(part)
    for title in document.findall(nodes.title):
        for_outline(title)
    for block in list(document.findall(nodes.literal_block)):
        narrow(block)
    for proof in list(document.findall(proof_node)):  # it brings a box, without a title
        (box,), proof.children = proof.children, []
        proof += box.children


def narrow(block: nodes.literal_block) -> None:
    """Set a block in a type so small that its columns stay below each other, if there is one."""
    longest = max(map(len, block.astext().splitlines()), default=0)
    size = next((size for letters, size in SIZES if longest <= letters), "")
    if size:
        at = block.parent.index(block)
        block.parent.insert(at + 1, latex(r"\endgroup"))
        block.parent.insert(at, latex(rf"\begingroup\fvset{{fontsize={size}}}"))


def for_outline(title: nodes.title) -> None:
    """Formulas as letters, too: the outline beside the pages has nothing else."""
    for formula in list(title.findall(nodes.math)):
        tex = formula.astext()
        instead = latex(rf"\texorpdfstring{{${tex}$}}{{{words(tex)}}}")
        formula.parent.replace(formula, instead)


def visit_proof(self, node: nodes.Element) -> None:
    self.body.append("\n\\begin{bookproof}\n")


def depart_proof(self, node: nodes.Element) -> None:
    self.body.append("\\end{bookproof}\n")  # no empty line, so that its sign ends the last one


# --- figures ------------------------------------------------------------------------------------


class Figures(ImageConverter):
    """The figures of the chapters, drawn as SVG."""

    conversion_rules = [("image/svg+xml", "application/pdf")]

    def is_available(self) -> bool:
        if not shutil.which(CONVERTER):
            raise ExtensionError(f"no {CONVERTER}, which makes PDF of the figures")
        return True

    def convert(self, _from: str, _to: str) -> bool:
        subprocess.run([CONVERTER, "--format=pdf", f"--output={_to}", _from], check=True)
        return True


def setup(app: Sphinx) -> dict:
    app.connect("config-inited", configure, priority=900)  # after what others read into it
    app.connect("builder-inited", sign)
    app.connect("doctree-read", remember_captions)
    app.add_node(proof_node, override=True, latex=(visit_proof, depart_proof))
    for transform in (Arrange, Numbers, Solutions, Tables, Figures):
        app.add_post_transform(transform)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
