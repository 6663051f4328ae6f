"""Execute the book's chapters and build its pages.

    python book/make.py execute --profile quick --device cpu --work book/_build/quick
    python book/make.py html    --work book/_build/quick --out book
    python book/make.py site    --work book/_build/quick --out book --profile quick

A chapter is a MyST text with a jupytext header: jupytext turns it into a notebook, Papermill
executes it with `profile` and `device`, and the result is kept until something it depends on
changes. Pages without that header are copied. The book ends in OUT/_build/html; progress goes to
stderr.
"""

import argparse
import ast
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import card
import nbformat
import origins
import publish
import yaml
from failure import BookError
from imprint import CARD, collect, commit
from install_cell import with_install_cell, without_results
from surroundings import settle, surroundings

from hrgradlib.address import AddressError

BOOK = Path(__file__).resolve().parent
ROOT = BOOK.parent
TOC = BOOK / "_toc.yml"
CONFIG = ROOT / "_config.yml"
# What Sphinx reads beside the pages and static/.
BESIDE = (TOC, *(BOOK / name for name in ("references.bib", "exercises.yml", "printed.tex")),
          *sorted(BOOK.glob("*.py")))  # fmt: skip
# What the page on licence, citation and changelog shows.
ABOUT = tuple(ROOT / name for name in ("LICENSE", "LICENSE-TEXT", "CITATION.cff", "CHANGELOG.md"))
EXAMPLES = ROOT / "examples"  # scripts that a page runs and includes
# What chapters read of a trained run; a lock or an unfinished file is none of their business.
RUN_FILES = ("spec.json", "result.json", "records.npz", "model.pt")


@dataclass
class Outcome:
    """What became of one chapter."""

    name: str
    state: str  # "executed", "up to date" or "FAILED"
    seconds: float
    detail: str = ""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# --- what the book consists of ------------------------------------------------------------------


def toc_files(node: object) -> list[str]:
    """Every page named in the table of contents, in order, without suffix."""
    if isinstance(node, list):
        return [name for item in node for name in toc_files(item)]
    if not isinstance(node, dict):
        return []
    own = [node[key] for key in ("root", "file") if key in node]
    nested = [node[key] for key in ("parts", "chapters", "sections", "subtrees") if key in node]
    return own + toc_files(nested)


def pages() -> tuple[list[str], list[str]]:
    """Names of the executable chapters and of the static pages."""
    chapters, static = [], []
    for name in toc_files(yaml.safe_load(TOC.read_text(encoding="utf-8"))):
        source = BOOK / f"{name}.md"
        if not source.is_file():
            raise BookError(f"{TOC.name} names {name}, but there is no {source.relative_to(ROOT)}")
        head = source.read_text(encoding="utf-8").split("\n---", 1)[0]
        is_chapter = head.startswith("---") and "jupytext:" in head
        (chapters if is_chapter else static).append(name)
    return chapters, static


def digest(paths: list[Path], *extra: str, root: Path | None = None) -> str:
    """Hash of the contents of files, of their names below ``root`` (ROOT), and of some strings.

    Neither times nor where ``root`` lies: a copy has the digest of its original.
    """
    total = hashlib.sha256("\0".join(extra).encode())
    for name, path in sorted((path.relative_to(root or ROOT).as_posix(), path) for path in paths):
        total.update(f"\0{name}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def files_below(*folders: Path) -> list[Path]:
    return [
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]


# --- executing chapters -------------------------------------------------------------------------


def check_parameters(notebook: nbformat.NotebookNode, wanted: dict[str, str], name: str) -> None:
    """Papermill only warns of a parameter that a notebook does not have."""
    cells = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    if len(cells) != 1:
        raise BookError(f"{name}: found {len(cells)} cells tagged `parameters`; expected one")
    assigned = {
        target.id
        for statement in ast.parse(cells[0].source).body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    if missing := sorted(set(wanted) - assigned):
        raise BookError(f"{name}: the cell tagged `parameters` does not set {', '.join(missing)}")


def show_what_was_run(path: Path) -> None:
    """A page has one cell of parameters, with true values, and says what its figures rest on."""
    notebook = nbformat.read(path, as_version=4)
    tagged = {tag: c for c in notebook.cells for tag in c.metadata.get("tags", [])}
    injected = tagged["injected-parameters"]
    tagged["parameters"].source = injected.source.removeprefix("# Parameters").strip()
    notebook.cells.remove(injected)
    origins.note(notebook)
    nbformat.write(notebook, path)


def run(command: list[str], **kwargs) -> None:
    done = subprocess.run(command, capture_output=True, text=True, **kwargs)
    if done.returncode:
        raise BookError("\n".join((done.stdout + done.stderr).strip().splitlines()[-40:]))


def execute_chapter(name: str, target: Path, parameters: dict[str, str]) -> None:
    """Write the executed notebook to `target`, or raise and leave `target` as it was."""
    partial = target.with_name(f".{target.stem}.partial.ipynb")
    environment = surroundings(BOOK / "_build")
    target.parent.mkdir(parents=True, exist_ok=True)
    run([sys.executable, "-m", "jupytext", "--quiet", "--to", "ipynb",
         "--output", str(partial), str(BOOK / f"{name}.md")], env=environment)  # fmt: skip
    try:
        check_parameters(nbformat.read(partial, as_version=4), parameters, name)
        options = [part for key, value in parameters.items() for part in ("-p", key, value)]
        run([sys.executable, "-m", "papermill", "--no-progress-bar", "--kernel", "python3",
             "--cwd", str(target.parent), *options, str(partial), str(partial)],
            env=environment)  # fmt: skip
        show_what_was_run(partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def refresh_chapter(name: str, args: argparse.Namespace, library: str) -> Outcome:
    """Execute one chapter unless its last result is still good."""
    target = args.work / "notebooks" / f"{name}.ipynb"
    stamp = target.with_suffix(".json")
    parameters = {"profile": args.profile, "device": args.device}
    inputs = digest([BOOK / f"{name}.md"], library, json.dumps(parameters))
    if target.is_file() and stamp.is_file() and not args.force:
        last = json.loads(stamp.read_text(encoding="utf-8"))
        if last["inputs"] == inputs and "edition" in last:
            return Outcome(name, "up to date", 0.0)
    say(f"   {name} ...")
    begin = time.perf_counter()
    try:
        execute_chapter(name, target, parameters)
    except BookError as error:
        target.unlink(missing_ok=True)  # a result of other inputs must not reach the book
        outcome = Outcome(name, "FAILED", time.perf_counter() - begin, str(error))
    else:
        outcome = Outcome(name, "executed", time.perf_counter() - begin)
        made = {"inputs": inputs, "edition": edition(parameters), **asdict(outcome)}
        stamp.write_text(json.dumps(made), encoding="utf-8")
    say(f"   {name} {outcome.state} after {outcome.seconds:.1f} s")
    return outcome


def edition(parameters: dict[str, str]) -> dict[str, str]:
    """What a reader of the page is told of how it came about."""
    date = time.strftime("%Y-%m-%d", time.gmtime())
    return {**parameters, "date": date, "commit": commit(ROOT)}


def forget_removed(folder: Path, chapters: list[str]) -> None:
    """Delete notebooks of chapters that are no longer in the table of contents."""
    for path in folder.rglob("*.ipynb"):
        if path.relative_to(folder).with_suffix("").as_posix() not in chapters:
            path.unlink()


def library_digest(profile: str) -> str:
    """Hash of what every chapter depends on: library, stored results, pins, trained runs."""
    code = files_below(ROOT / "hrgradlib", BOOK / "results", EXAMPLES)
    runs = Path(os.environ.get("HRGRAD_HOME", ROOT)) / "runs" / profile
    trained = [path for path in files_below(runs) if path.name in RUN_FILES]
    return digest([*code, ROOT / "requirements.lock"], digest(trained, root=runs))


def execute(args: argparse.Namespace) -> None:
    chapters, _ = pages()
    forget_removed(args.work / "notebooks", chapters)
    if args.only:
        if unknown := sorted(set(args.only) - {Path(name).name for name in chapters}):
            known = ", ".join(Path(name).name for name in chapters)
            raise BookError(f"no chapter {', '.join(unknown)}; there are: {known}")
        chapters = [name for name in chapters if Path(name).name in args.only]
    library = library_digest(args.profile)
    settle(BOOK / "_build")
    with ThreadPoolExecutor(args.jobs) as pool:
        outcomes = list(pool.map(lambda name: refresh_chapter(name, args, library), chapters))
    say(f"\n   {'chapter':<40} {'state':<12} seconds")
    for outcome in outcomes:
        say(f"   {outcome.name:<40} {outcome.state:<12} {outcome.seconds:7.1f}")
    if failed := [o for o in outcomes if o.state == "FAILED"]:
        raise BookError("\n\n".join(f"{o.name} failed:\n{o.detail}" for o in failed))


# --- building the pages -------------------------------------------------------------------------


def stage_sources(work: Path) -> Path:
    """Put everything Sphinx reads into one fresh folder."""
    stage = work / "stage"
    shutil.rmtree(stage, ignore_errors=True)
    shutil.copytree(BOOK / "static", stage / "static")
    shutil.copytree(EXAMPLES, stage / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    chapters, static = pages()
    configuration = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    imprint = collect(ROOT, configuration)
    (stage / "imprint.json").write_text(json.dumps(imprint, indent=1), encoding="utf-8")
    card.draw(stage / "static" / "logo.svg", configuration["title"], stage / "static" / CARD)
    editions: dict[str, dict] = {}
    figures: list[dict] = []
    for name in chapters:
        notebook = work / "notebooks" / f"{name}.ipynb"
        if not notebook.is_file():
            raise BookError(f"{name} has not been executed; run `make.py execute` first")
        (stage / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(notebook, stage / f"{name}.ipynb")
        stamp = json.loads(notebook.with_suffix(".json").read_text(encoding="utf-8"))
        editions[name] = stamp["edition"]
        figures += origins.noted(stage / f"{name}.ipynb", name)
        offer_downloads(name, stage, imprint)
    for source in [*(BOOK / f"{name}.md" for name in static), *BESIDE]:
        copy = stage / source.relative_to(BOOK)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
    shutil.copyfile(CONFIG, stage / CONFIG.name)
    (stage / "about").mkdir()
    for source in ABOUT:
        shutil.copyfile(source, stage / "about" / source.name)
    (stage / "editions.json").write_text(json.dumps(editions, indent=1), encoding="utf-8")
    told = origins.everything(figures, [edition["profile"] for edition in editions.values()])
    (stage / "figures.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
    return stage


def offer_downloads(name: str, stage: Path, imprint: dict[str, str]) -> None:
    """A chapter to run oneself: as executed, without results, and as the text it is written in."""
    folder = stage / "static" / "notebooks"
    folder.mkdir(exist_ok=True)
    short = Path(name).name
    notebook = nbformat.read(stage / f"{name}.ipynb", as_version=4)
    notebook = with_install_cell(notebook, imprint)
    nbformat.write(notebook, folder / f"{short}.executed.ipynb")
    nbformat.write(without_results(notebook), folder / f"{short}.ipynb")
    shutil.copyfile(BOOK / f"{name}.md", folder / f"{short}.md")


def cut_solutions(stage: Path) -> None:
    """Make what is staged the student's version: no page and no download has a solution."""
    import student  # beside this file; no other command needs it

    for path in stage.rglob("*.ipynb"):
        nbformat.write(student.without_solutions(nbformat.read(path, as_version=4)), path)
    for path in (stage / "static" / "notebooks").glob("*.md"):
        text = student.text_without_solutions(path.read_text(encoding="utf-8"))
        path.write_text(text, encoding="utf-8")


def build_html(args: argparse.Namespace) -> None:
    stage = stage_sources(args.work)
    if args.student:
        cut_solutions(stage)
    built = args.out / "_build"
    stamp = built / "html.stamp"
    tools = digest([Path(__file__).resolve(), ROOT / "requirements.lock"])
    inputs = digest(files_below(stage), tools, root=stage)
    index = built / "html" / "index.html"
    if index.is_file() and stamp.is_file() and stamp.read_text(encoding="utf-8") == inputs:
        say(f"   up to date: {index}")
        return
    # From nothing: pages of chapters since renamed must not survive, and it takes seconds.
    stamp.unlink(missing_ok=True)
    for leftover in ("html", ".doctrees"):
        shutil.rmtree(built / leftover, ignore_errors=True)
    jupyter_book = str(Path(sys.executable).with_name("jupyter-book"))
    command = [jupyter_book, "build", str(stage), "--path-output", str(args.out),
               "--quiet", "-W", "-n", "--keep-going"]  # fmt: skip
    environment = surroundings(BOOK / "_build")
    if subprocess.run(command, stdout=sys.stderr, env=environment).returncode:
        raise BookError("the HTML build failed or warned; see above")
    chapters, static = pages()
    say(f"   {publish.count(built / 'html', [*static, *chapters])}")
    stamp.write_text(inputs, encoding="utf-8")
    say(f"   built {index}")


def build_site(args: argparse.Namespace) -> None:
    built = args.out / "_build"
    imprint = args.work / "stage" / "imprint.json"
    if not (built / "html.stamp").is_file() or not imprint.is_file():
        raise BookError(f"no pages in {built / 'html'}; run `make.py html` first")
    chapters, static = pages()
    told = publish.build(
        built / "html",
        built / "site",
        json.loads(imprint.read_text(encoding="utf-8")),
        chapters,
        static,
        Path(os.environ.get("HRGRAD_HOME", ROOT)) / "runs" / args.profile,
    )
    say("\n".join(f"   {line}" for line in told))
    say(f"   built {built / 'site' / 'index.html'}")


# --- command line -------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    run_ = commands.add_parser("execute", help="execute the chapters that changed")
    run_.add_argument("--profile", choices=("smoke", "quick", "full"), default="quick")
    run_.add_argument("--device", choices=("cpu", "cuda", "auto"), default="cpu")
    run_.add_argument("--jobs", type=at_least_one, default=1, help="chapters executed at once")
    run_.add_argument("--only", nargs="+", metavar="CHAPTER", help="such as 03_micro_macro")
    run_.add_argument("--force", action="store_true", help="execute even what did not change")
    run_.set_defaults(do=execute)
    html = commands.add_parser("html", help="build the pages of the executed chapters")
    html.add_argument("--out", type=Path, default=BOOK, help="pages go to OUT/_build/html")
    html.add_argument("--student", action="store_true", help="leave the solutions out")
    html.set_defaults(do=build_html)
    site = commands.add_parser("site", help="put what is published into one folder")
    site.add_argument("--out", type=Path, default=BOOK, help="made as OUT/_build/site")
    site.add_argument("--profile", default="quick", help="whose trained networks are published")
    site.set_defaults(do=build_site)
    for command in (run_, html, site):
        command.add_argument("--work", type=Path, required=True, help="executed notebooks go here")
    return top


def main() -> int:
    args = parser().parse_args()
    args.work = args.work.resolve()
    if home := os.environ.get("HRGRAD_HOME"):  # chapters run in folders of their own
        os.environ["HRGRAD_HOME"] = str(Path(home).absolute())
    if hasattr(args, "out"):
        args.out = args.out.resolve()
    return as_status(lambda: args.do(args))


def as_status(do: Callable[[], object]) -> int:
    """0; or 1, and in a line what a reader can put right."""
    try:
        do()
    except (BookError, AddressError) as error:
        say(f"error: {error}")
        return 1
    return 0


def at_least_one(text: str) -> int:
    """Type of an argument: a number of processes."""
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


if __name__ == "__main__":
    sys.exit(main())
