"""Open one page in the browser and note everything the page tests ask about."""

from dataclasses import dataclass, field
from importlib import resources

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

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
# What is wider than its place, and a page that is wider than the screen.
CUT = """() => [...document.querySelectorAll('.bd-article pre, mjx-container[display="true"]')]
  .filter(e => e.offsetParent !== null && e.scrollWidth > e.clientWidth + 1)
  .map(e => [e.scrollWidth - e.clientWidth, e.innerText.slice(0, 80)])"""
# Lines of code and of what it prints that are longer than a block is wide: they would be broken.
LONG = """() => [...document.querySelectorAll('.bd-article .cell pre')]
  .flatMap(e => e.textContent.split('\\n')).filter(line => line.length > 100)"""
WIDER = "document.documentElement.scrollWidth - window.innerWidth"
# What reaches beyond the screen, and no bar brings it back: nothing around it scrolls sideways.
BEYOND = """() => {
  const scrolls = e => ['auto', 'scroll'].includes(getComputedStyle(e).overflowX);
  const reached = e => { for (; e; e = e.parentElement) if (scrolls(e)) return true; };
  return [...document.querySelectorAll('.bd-article *:not(mjx-container *):not(svg *)')]
    .filter(e => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1)
    .filter(e => !reached(e)).map(e => e.outerHTML.slice(0, 120));
}"""
# Names of the pages before and after, whose ends are cut off.
NAMES = """() => [...document.querySelectorAll('.prev-next-area a')]
  .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.innerText)"""
# Pictures that are drawn smaller than they are, and do not open by click and key.
FIXED = """() => [...document.querySelectorAll('.bd-article img')]
  .filter(e => e.naturalWidth > e.clientWidth + 1)
  .filter(e => e.tabIndex !== 0 || e.getAttribute('aria-haspopup') !== 'dialog')
  .map(e => e.getAttribute('src'))"""

AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
LEVELS = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
CONTRAST = {"type": "rule", "values": ["color-contrast"]}
RUN = """async only => (await axe.run(document, {runOnly: only, resultTypes: ['violations']}))
  .violations.map(v => [v.id, v.nodes.length, v.nodes[0].html.slice(0, 200)])"""
DARK = "document.documentElement.dataset.theme = document.documentElement.dataset.mode = 'dark'"
# Of formulas, tens of thousands of elements that MathJax makes, what the keyboard needs is asked
# for here; to axe they are empty.
OUT_OF_REACH = """() => [...document.querySelectorAll('mjx-container')]
  .filter(e => e.matches('[display="true"], .wide'))
  .filter(e => e.scrollWidth > e.clientWidth && e.tabIndex !== 0).length"""
EMPTY = """() => document.querySelectorAll('mjx-container').forEach(e => {
  e.style.display = 'inline-block'; e.style.width = '3em'; e.replaceChildren(); })"""

# Contrast takes nine tenths of axe's time, by the number of elements with text. Of the words of a
# block of code that look alike in both themes, on one ground, one is asked about; nothing else can
# be asked of a plain word in a block that does not scroll. What only keeps a formula and its comma
# in a line has no look of its own.
THIN = """() => {
  document.querySelectorAll('.together').forEach(e => e.replaceWith(...e.childNodes));
  const told = ['color', 'backgroundColor', 'backgroundImage', 'fontSize', 'fontWeight', 'opacity',
                'textShadow', 'filter', 'mixBlendMode', 'position', 'visibility', 'display'];
  const words = [...document.querySelectorAll('.bd-article pre > span')]
    .filter(e => !e.firstElementChild && e.parentElement.scrollWidth <= e.parentElement.clientWidth)
    .filter(e => e.getAttributeNames().every(name => ['class', 'style'].includes(name)));
  const root = document.documentElement.dataset, before = [root.theme, root.mode];
  const looks = words.map(() => []);
  for (const theme of ['light', 'dark']) {
    root.theme = root.mode = theme;
    words.forEach((e, i) => {
      const style = getComputedStyle(e);
      looks[i].push(...told.map(name => style[name]));
    });
  }
  [root.theme, root.mode] = before;
  const seen = new Map(), again = [];
  words.forEach((e, i) => {
    const own = seen.get(e.parentElement) || new Set(), look = looks[i].join();
    (own.has(look) ? again : []).push(e);
    seen.set(e.parentElement, own.add(look));
  });
  again.forEach(e => e.remove());
}"""


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
    cut: list[list]
    long: list[str]
    wider: int
    out_of_reach: int
    beyond: list[str]
    fixed: list[str]
    barriers: list[list]
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
    page.set_viewport_size(DESK)
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
    facts |= {"cut": page.evaluate(CUT), "long": page.evaluate(LONG), "prose": prose}
    page.set_viewport_size(PHONE)
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")
    facts |= {"wider": page.evaluate(WIDER), "out_of_reach": page.evaluate(OUT_OF_REACH)}
    beyond = page.evaluate(BEYOND) + page.evaluate(NAMES)
    facts |= {"beyond": beyond, "fixed": page.evaluate(FIXED)}
    # What the book asks for ends here: axe-core asks for style sheets, by addresses it guesses.
    noted = {"console": [*console], "failed": [*failed], "external": [*external]}
    facts["barriers"] = barriers(page)
    page.close()
    return Visit(name, **facts, **noted)


def barriers(page) -> list[list]:
    """What axe-core finds on a settled page, light and dark; its formulas are gone then."""
    page.evaluate(EMPTY)
    page.set_viewport_size(DESK)  # after that: without formulas the page is laid out at once
    page.evaluate(THIN)
    page.evaluate(AXE)
    light = page.evaluate(RUN, LEVELS)
    page.evaluate(DARK)  # of the theme only the colours depend
    return light + page.evaluate(RUN, CONTRAST)
