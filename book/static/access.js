// In the list of pages, what unfolds the pages within a chapter is an arrow without a name.
document.addEventListener("DOMContentLoaded", function () {
  document.querySelectorAll("li.has-children > details > summary").forEach(function (arrow) {
    var chapter = arrow.closest("li").querySelector("a");
    arrow.setAttribute("aria-label", "Pages within " + chapter.textContent.trim());
  });
});

// A formula wider than its column scrolls by itself: the keyboard must reach it.
(function () {
  function reach() {
    document.querySelectorAll('mjx-container[display="true"]').forEach(function (formula) {
      if (formula.scrollWidth > formula.clientWidth) {
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
