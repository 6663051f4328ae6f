// A figure opens over the page, by click or key, so that its small print can be read on a phone.
(function () {
  function open(image) {
    var dialog = document.createElement("dialog");
    var copy = document.createElement("img");
    var button = document.createElement("button");
    dialog.className = "enlarged";
    dialog.setAttribute("aria-label", "Figure, enlarged");
    copy.src = image.currentSrc || image.src;
    copy.alt = image.alt;
    button.type = "button";
    button.textContent = "Close";
    dialog.append(copy, button);
    dialog.addEventListener("click", function () { dialog.close(); });
    dialog.addEventListener("close", function () { dialog.remove(); image.focus(); });
    document.body.append(dialog);
    dialog.showModal();
    button.focus();
  }
  function offer(image) {
    image.classList.add("enlarges");
    image.tabIndex = 0;
    image.setAttribute("role", "button");
    image.setAttribute("aria-haspopup", "dialog");
    image.title = "Enlarge";
    image.addEventListener("click", function () { open(image); });
    image.addEventListener("keydown", function (event) {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        open(image);
      }
    });
  }
  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll(".bd-article figure img, .bd-article .cell_output img").forEach(offer);
  });
})();
