// Density against the Knudsen number (chapter 9): network beside exact solution and trivial lines.
// It only draws: every number was computed when the chapter was executed, and stands in the page.
(() => {
  "use strict";
  const dashes = ["", "7 3", "2 3", "9 3 2 3", "1 4"];
  const colour = (k) => `var(--line-${k})`;
  const pen = (k) =>
    `fill="none" stroke="${colour(k)}" stroke-width="${k < 2 ? 2.4 : 1.6}" stroke-dasharray="${dashes[k]}"`;
  const power = (value) => {
    const [digits, exponent] = value.toExponential(1).split("e");
    return `${digits}·10<sup>${String(Number(exponent)).replace("-", "−")}</sup>`;
  };
  const plain = (value) => value.toPrecision(2).replace("e-", "·10^−").replace("e+", "·10^");
  const path = (points) => `M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}`;

  // A frame with axes; place maps values to the picture.
  function frame(title, across, up, ticksX, ticksY, place) {
    const [left, right, top, bottom] = [46, 348, 26, 222];
    const marksX = ticksX.map(([v, word]) => {
      const [x] = place(v, up[0]);
      return `<path d="M${x} ${bottom}v5" stroke="currentColor"/><text x="${x}" y="${bottom + 19}" text-anchor="middle">${word}</text>`;
    });
    const marksY = ticksY.map(([v, word]) => {
      const [, y] = place(across[0], v);
      return `<path d="M${left} ${y}h-5" stroke="currentColor"/><text x="${left - 8}" y="${y + 4}" text-anchor="end">${word}</text>`;
    });
    return `<text x="${left}" y="16">${title}</text>` +
      `<path d="M${left} ${top}V${bottom}H${right}" fill="none" stroke="currentColor"/>` + marksX.join("") + marksY.join("");
  }

  const scaled = (across, up, f, g) => (x, y) => [
    46 + (302 * (f(x) - f(across[0]))) / (f(across[1]) - f(across[0])),
    222 - (196 * (g(Math.max(y, up[0])) - g(up[0]))) / (g(up[1]) - g(up[0])),
  ];
  const same = (v) => v;
  const ten = (n) => `10<tspan dy="-5" font-size="10">${String(n).replace("-", "−")}</tspan>`;

  function profile(data, e, t) {
    const [across, up] = [[0, 1], [0.4, 1.6]];
    const place = scaled(across, up, same, same);
    const lines = data.lines.map((line, k) => {
      const values = line.density[e][t];
      const points = data.x.map((x, i) => place(x, values[i]));
      return `<path d="${path([...points, place(1, values[0])])}" ${pen(k)}/>`;
    });
    const ticks = [0.5, 1, 1.5].map((v) => [v, v.toFixed(1)]);
    return frame("density over x", across, up, [[0, "0"], [0.5, "0.5"], [1, "1"]], ticks, place) +
      lines.slice(2).join("") + lines[0] + lines[1];
  }

  function errors(data, e, t) {
    const [across, up] = [[data.eps[0], data.eps[data.eps.length - 1]], [1e-7, 1]];
    const place = scaled(across, up, Math.log10, Math.log10);
    const lines = data.lines.map((line, k) =>
      line.errors ? `<path d="${path(data.eps.map((v, i) => place(v, line.errors[i][t])))}" ${pen(k)}/>` : "");
    const [x] = place(data.eps[e], 1);
    const ticksX = [];
    for (let n = Math.ceil(Math.log10(across[0]) - 0.01); n <= 0; n += 1) ticksX.push([10 ** n, ten(n)]);
    const ticksY = [-6, -4, -2, 0].map((n) => [10 ** n, ten(n)]);
    return frame("error over ε", across, up, ticksX, ticksY, place) +
      `<path d="M${x} 26V222" stroke="currentColor" stroke-width="0.8"/>` + lines.join("");
  }

  function build(root) {
    const data = JSON.parse(root.querySelector("script").textContent);
    const last = data.eps.length - 1;
    const times = data.times.map((t, i) => `<option value="${i}">${t}</option>`).join("");
    const key = (k) => `<svg viewBox="0 0 40 10" aria-hidden="true"><path d="M0 5H40" ${pen(k)}/></svg>`;
    root.innerHTML =
      '<div class="controls">' +
      `<label>Knudsen number ε = <span></span><input type="range" min="0" max="${last}" value="${Math.round(last / 2)}"></label>` +
      `<label>Time t<select>${times}</select></label></div>` +
      '<svg viewBox="0 0 360 250" role="img"></svg><svg viewBox="0 0 360 250" role="img"></svg>' +
      "<table><thead><tr><th>line</th><th>error</th></tr></thead><tbody>" +
      data.lines.map((line, k) => `<tr><td>${key(k)} ${line.name}</td><td></td></tr>`).join("") +
      "</tbody></table><small>Move the slider, or use the arrow keys on it. Errors are relative distances in L²; below 10⁻⁷ they are drawn at the edge.</small>";
    const [left, right] = root.querySelectorAll(":scope > svg");
    const [slider, time] = [root.querySelector("input"), root.querySelector("select")];
    const cells = [...root.querySelectorAll("tbody td:last-child")];
    time.value = data.times.length - 1;
    const draw = () => {
      const [e, t] = [Number(slider.value), Number(time.value)];
      root.querySelector("label span").innerHTML = power(data.eps[e]);
      slider.setAttribute("aria-valuetext", `epsilon ${data.eps[e].toPrecision(2)}`);
      left.innerHTML = profile(data, e, t);
      right.innerHTML = errors(data, e, t);
      const told = data.lines.map((line) => (line.errors ? `${line.name} ${plain(line.errors[e][t])}` : ""));
      left.setAttribute("aria-label", `Density over x at epsilon ${data.eps[e].toPrecision(2)}, time ${data.times[t]}`);
      right.setAttribute("aria-label", `Errors: ${told.filter(Boolean).join(", ")}`);
      data.lines.forEach((line, k) => {
        cells[k].innerHTML = line.errors ? power(line.errors[e][t]) : "0";
      });
    };
    slider.addEventListener("input", draw);
    time.addEventListener("change", draw);
    draw();
    root.hidden = false;
  }

  document.querySelectorAll(".eps-slider[hidden]").forEach(build);
})();
