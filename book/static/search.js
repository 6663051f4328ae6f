// Hits are shown, and what the search quotes of a page is words. Loaded after searchtools.js.

// A formula as a reader would type it; the table is that of book/search_words.py.
function texWords(tex) {
  return tex
    .replace(/\\([A-Za-z]+|[^])/g, (all, name) => ` ${TEX_WORDS[name] || ""} `)
    .replace(/[{}$_^&~]/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}

if (typeof Search !== "undefined") {
  const whole = Search.htmlToText;
  Search.htmlToText = (htmlString, anchor) => {
    const page = new DOMParser().parseFromString(htmlString, "text/html");
    const around = ".bd-header-article, #jb-print-docs-body, .prev-next-footer, .edition-caveat";
    const noWords = "div.math, mjx-container, .cell_input, .cell_output, button";
    page.querySelectorAll(`${around}, ${noWords}`).forEach((one) => one.remove());
    page.querySelectorAll("span.math").forEach((one) => { one.textContent = texWords(one.textContent); });
    return whole(page.documentElement.outerHTML, anchor);
  };
}

// Sphinx marks hits on pages that do not load the search; this theme's pages all do.
document.addEventListener("DOMContentLoaded", () => {
  const article = document.querySelector("article.bd-article");
  if (article === null || document.getElementById("search-results") !== null) return;
  const terms = (localStorage.getItem("sphinx_highlight_terms") || "").toLowerCase().split(/\s+/).filter((term) => term);
  localStorage.removeItem("sphinx_highlight_terms");
  terms.forEach((term) => _highlightText(article, term, "highlighted"));
});
