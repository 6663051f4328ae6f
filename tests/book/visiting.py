"""Open one page in the browser and note everything the page tests ask about."""

from dataclasses import dataclass, field

# Text a reader sees, without code (where backslashes are at home) and without rendered formulas.
PROSE = """() => {
  const body = document.body.cloneNode(true);
  body.querySelectorAll('pre, code, script, style, noscript, mjx-container')
      .forEach(e => e.remove());
  return body.textContent;
}"""
FACTS = """() => ({
  ids: [...document.querySelectorAll('[id], a[name]')].map(e => e.id || e.name),
  links: [...document.querySelectorAll('a[href]')].map(e => e.href),
  images: [...document.querySelectorAll('img')].map(e => ({
      source: e.getAttribute('src'), alt: e.getAttribute('alt') || '', width: e.naturalWidth})),
  formulas: document.querySelectorAll('.math.notranslate').length,
  rendered: document.querySelectorAll('.math.notranslate mjx-container').length,
  broken: [...document.querySelectorAll(
      'mjx-merror, [data-mjx-error], mjx-mtext[style*="red"], mjx-container [mathcolor="red"]')]
      .map(e => e.closest('mjx-container').outerHTML.slice(0, 300)),
})"""


@dataclass(repr=False)
class Visit:
    """What one page holds and what happened while it loaded."""

    name: str
    ids: set[str]
    links: list[str]
    images: list[dict]
    formulas: int
    rendered: int
    broken: list[str]
    prose: str
    console: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    external: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"Visit({self.name})"  # all of it would bury a failed test's message


def settle(page) -> None:
    """Wait until the page has typeset its formulas and loaded everything it asked for."""
    if page.evaluate("document.querySelector('.math.notranslate') !== null"):
        page.wait_for_function("window.MathJax && MathJax.startup && MathJax.startup.promise")
        page.evaluate("MathJax.startup.promise.then(() => true)")
    page.wait_for_load_state("networkidle")


def visit(context, site: str, name: str) -> Visit:
    page = context.new_page()
    console, failed, external = [], [], []

    def gate(route) -> None:
        """Nothing but the book's own server may be asked; note and block the rest."""
        url = route.request.url
        if url.startswith((site, "data:", "blob:")):
            route.continue_()
        else:
            external.append(url)
            route.abort()

    page.route("**/*", gate)
    page.on("console", lambda m: console.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: console.append(str(error)))
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.on("response", lambda r: failed.append(f"{r.status} {r.url}") if r.status >= 400 else None)
    page.goto(f"{site}/{name}")
    settle(page)
    facts = page.evaluate(FACTS)
    facts["ids"] = set(facts["ids"])
    prose = page.evaluate(PROSE)
    page.close()
    return Visit(name, **facts, prose=prose, console=console, failed=failed, external=external)
