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
