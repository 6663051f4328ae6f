// Shows the meaning of a glossary term while it is pointed at or has the focus. The text stands in
// the page (data-meaning); nothing is fetched. Without this script a term is a link to the glossary.
(() => {
  "use strict";
  const tip = document.createElement("div");
  tip.id = "glossary-tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  let owner = null;
  let leaving = 0;

  function place(term) {
    const box = term.getClientRects()[0];
    const gap = 6;
    tip.style.left = "0px";
    const width = tip.offsetWidth;
    const right = document.documentElement.clientWidth - width - 8;
    tip.style.left = `${Math.max(8, Math.min(box.left, right))}px`;
    const above = box.top - tip.offsetHeight - gap;
    tip.style.top = `${above > 60 ? above : box.bottom + gap}px`; // 60: the bar at the top
  }

  function show(term) {
    clearTimeout(leaving);
    if (owner) owner.removeAttribute("aria-describedby");
    owner = term;
    tip.textContent = term.dataset.meaning;
    tip.hidden = false;
    term.setAttribute("aria-describedby", tip.id);
    place(term);
  }

  function hide() {
    clearTimeout(leaving);
    if (owner) owner.removeAttribute("aria-describedby");
    owner = null;
    tip.hidden = true;
  }

  const later = () => {
    leaving = setTimeout(hide, 200); // time to move onto the text itself
  };

  document.body.append(tip);
  tip.addEventListener("mouseenter", () => clearTimeout(leaving));
  tip.addEventListener("mouseleave", later);
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  document.addEventListener("scroll", () => owner && place(owner), { passive: true });
  document.querySelectorAll(".glossary-term").forEach((term) => {
    term.addEventListener("mouseenter", () => show(term));
    term.addEventListener("mouseleave", later);
    term.addEventListener("focus", () => show(term));
    term.addEventListener("blur", hide);
  });
})();
