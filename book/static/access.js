// In the list of pages, what unfolds the pages within a chapter is an arrow without a name.
document.addEventListener("DOMContentLoaded", function () {
  document.querySelectorAll("li.has-children > details > summary").forEach(function (arrow) {
    var chapter = arrow.closest("li").querySelector("a");
    arrow.setAttribute("aria-label", "Pages within " + chapter.textContent.trim());
  });
});

// A formula wider than its column scrolls by itself: the keyboard must reach it. One in a sentence does so
// only where it has to, as what scrolls has no base line. In tables it is the table that scrolls.
(function () {
  function all(selector) {
    return Array.from(document.querySelectorAll(".bd-article " + selector));
  }
  function reach() {
    var article = document.querySelector(".bd-article");
    if (!article) { return; }
    all("mjx-container.wide").forEach(function (formula) { formula.classList.remove("wide"); });
    var edge = article.getBoundingClientRect().right + 1;
    all("mjx-container:not([display])").filter(function (formula) {
      return formula.getBoundingClientRect().right > edge && !formula.closest("table");
    }).forEach(function (formula) { formula.classList.add("wide"); });
    all("mjx-container").forEach(function (formula) {
      var scrolls = formula.matches('[display="true"], .wide');
      if (scrolls && formula.scrollWidth > formula.clientWidth) {
        formula.setAttribute("tabindex", "0");
      } else {
        formula.removeAttribute("tabindex");
      }
    });
  }
  function ready() {
    var mathjax = window.MathJax && window.MathJax.startup && window.MathJax.startup.promise;
    (mathjax || Promise.resolve()).then(reach);
    window.addEventListener("resize", reach);
  }
  window.addEventListener("load", ready);
})();
