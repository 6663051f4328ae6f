// The interactive pictures of chapter 7: harmonised rotation, and the stages of the method as
// reported. They only draw: every number was computed by hrgradlib when the chapter was executed,
// and stands in the page as JSON.
(() => {
  "use strict";
  const add = (a, b, t) => a.map((x, i) => x + t * b[i]);
  const scale = (a, t) => a.map((x) => x * t);
  const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  const unit = (a) => scale(a, 1 / Math.sqrt(dot(a, a)));
  const cross = ([a, b, c], [x, y, z]) => [b * z - c * y, c * x - a * z, a * y - b * x];
  const range = (n) => [...Array(n).keys()];
  const degrees = (x) => `${((x * 180) / Math.PI).toFixed(1)}°`;
  const fixed = (x) => (Math.abs(x) < 5e-4 ? 0 : x).toFixed(3).replace("-", "−");
  const digits = ["₁", "₂", "₃", "₄", "₅", "₆"];
  const colour = (k) => `var(--task-${k % 3})`;

  // --- geometry in space ------------------------------------------------------------------
  function circle(axis, angle, count = 72) {
    const e = unit(cross(axis, Math.abs(axis[2]) < 0.9 ? [0, 0, 1] : [1, 0, 0]));
    const f = cross(axis, e);
    return range(count + 1).map((i) => {
      const t = (2 * Math.PI * i) / count;
      const ring = add(scale(e, Math.cos(t)), f, Math.sin(t));
      return add(scale(axis, Math.cos(angle)), ring, Math.sin(angle));
    });
  }

  const arc = (from, to, count = 16) =>
    range(count + 1).map((i) => unit(add(scale(from, 1 - i / count), to, i / count)));

  function camera(yaw, pitch) {
    const toward = [Math.cos(pitch) * Math.cos(yaw), Math.cos(pitch) * Math.sin(yaw), Math.sin(pitch)];
    const right = [-Math.sin(yaw), Math.cos(yaw), 0];
    const up = cross(toward, right);
    return (p) => [160 * dot(p, right), -160 * dot(p, up), dot(p, toward)];
  }

  // --- drawing: a list of [depth, markup], painted from the back to the front ---------------
  function canvas(see) {
    const items = [];
    const put = (depth, markup) => items.push([depth, markup]);
    const line = (points, style) => {
      const seen = points.map(see);
      seen.slice(1).forEach(([x, y, z], i) => {
        const [u, v, w] = seen[i];
        const faint = z + w < 0 ? 'stroke-opacity="0.35"' : "";
        put((z + w) / 2, `<path d="M${u.toFixed(1)} ${v.toFixed(1)}L${x.toFixed(1)} ${y.toFixed(1)}" ${style} ${faint}/>`);
      });
    };
    const arrow = (to, ink, width, label, opacity = 1) => {
      const [x, y, z] = see(to);
      const length = Math.hypot(x, y) || 1;
      const [ux, uy] = [x / length, y / length];
      const head = Math.min(4 + 2.4 * width, length);
      const [bx, by] = [x - head * ux, y - head * uy];
      const wing = 0.38 * head;
      put(z, `<g opacity="${opacity}"><path d="M0 0L${bx} ${by}" stroke="${ink}" stroke-width="${width}"/>` +
        `<path d="M${x} ${y}L${bx - wing * uy} ${by + wing * ux}L${bx + wing * uy} ${by - wing * ux}Z" fill="${ink}"/></g>`);
      if (label) put(9, `<text x="${x + 13 * ux}" y="${y + 13 * uy + 5}" text-anchor="middle" style="fill:${ink}">${label}</text>`);
    };
    const fan = (rim) => rim.slice(1).forEach((p, i) => {
      const [a, b] = [see(rim[i]), see(p)];
      put(Math.min(a[2], b[2], 0) - 0.01, `<path d="M0 0L${a[0]} ${a[1]}L${b[0]} ${b[1]}Z" fill="currentColor" fill-opacity="0.07"/>`);
    });
    const thin = 'fill="none" stroke="var(--line)" stroke-width="0.7"';
    put(-9, '<circle r="160" fill="var(--ball)" stroke="var(--line)"/>');
    [30, 60, 90, 120, 150].forEach((t) => line(circle([0, 0, 1], (t * Math.PI) / 180), thin));
    [0, 45, 90, 135].forEach((t) => {
      const turn = (t * Math.PI) / 180;
      line(circle([Math.cos(turn), Math.sin(turn), 0], Math.PI / 2), thin);
    });
    const painted = () => items.sort((a, b) => a[0] - b[0]).map((item) => item[1]).join("");
    return { put, line, arrow, fan, painted };
  }

  // Gradients as they were, pale, with the arcs on which they moved and what became of them.
  function turned({ line, arrow }, before, after) {
    before.forEach((u, k) => {
      arrow(u, colour(k), 1.6, `û${digits[k]}`, 0.45);
      line(arc(u, after[k]), `stroke="${colour(k)}" stroke-width="1.4" stroke-dasharray="2 2"`);
      arrow(after[k], colour(k), 2.6, "");
    });
  }

  function scene(preset, index, see) {
    const paper = canvas(see);
    const { put, line, arrow, fan } = paper;
    line(circle(preset.axis, preset.phi), 'stroke="currentColor" stroke-width="1" stroke-dasharray="3 3"');
    const rim = circle(preset.axis, preset.theta[index]);
    fan(rim);
    line(rim, 'stroke="currentColor" stroke-width="1.4"');
    turned(paper, preset.units, preset.rotated[index]);
    line([[0, 0, 0], scale(preset.axis, 1.12)], 'stroke="currentColor" stroke-width="1.2" stroke-dasharray="5 3"');
    const [x, y] = see(scale(preset.axis, 1.2));
    put(9, `<text x="${x}" y="${y + 4}" text-anchor="middle" font-style="italic">a</text>`);
    line(arc(preset.sum, preset.d[index]), 'stroke="var(--before)" stroke-width="1.6" stroke-dasharray="2 2"');
    arrow(preset.sum, "var(--before)", 2.6, "sum");
    arrow(preset.d[index], "currentColor", 4, "d");
    return paper.painted();
  }

  // The method as reported, one of its four stages.
  function stage(preset, number, see) {
    const paper = canvas(see);
    const { line, arrow, fan } = paper;
    const { units, rays, anchor, across, turns, rotated } = preset;
    if (number < 3) units.forEach((u, k) => arrow(u, colour(k), 2.6, `û${digits[k]}`));
    else turned(paper, units, rotated);
    if (number === 1) {
      const rim = rays.flatMap((ray, i) => arc(ray, rays[(i + 1) % rays.length]));
      fan(rim);
      line(rim, 'stroke="currentColor" stroke-width="1.2"');
      rays.forEach((ray) => arrow(ray, "currentColor", 1.2, ""));
    }
    if (number === 2) {
      units.forEach((u, k) => turns[k] &&
        line(arc(u, across[k]), `stroke="${colour(k)}" stroke-width="1.6" stroke-dasharray="5 3"`));
    }
    if (number < 4) arrow(anchor, "currentColor", 3, "d*");
    else arrow(preset.g, "currentColor", 4, "g");
    return paper.painted();
  }

  // A bar for every cosine, below it a grey one to compare with, and a bound as a line.
  function bars(cosines, others, bound, name) {
    const place = (cosine) => 110 + 105 * cosine;
    const bottom = 26 * cosines.length + 8;
    const rows = cosines.map((cosine, k) => {
      const y = 26 * k + 10;
      const bar = (value, top, height, ink) =>
        `<rect x="${Math.min(place(0), place(value))}" y="${top}" width="${Math.abs(105 * value)}" height="${height}" fill="${ink}"/>`;
      return `<text x="0" y="${y + 11}" font-size="12">û${digits[k]}</text>` +
        bar(cosine, y, 10, colour(k)) + (others ? bar(others[k], y + 12, 4, "var(--before)") : "") +
        `<text x="252" y="${y + 11}" font-size="12" text-anchor="end">${fixed(cosine)}</text>`;
    });
    const rule = (x, dash) => `<path d="M${x} 4V${bottom}" stroke="currentColor" stroke-dasharray="${dash}"/>`;
    return rows.join("") + rule(place(0), "none") + (name ? rule(place(bound), "3 2") +
      `<text x="${place(bound)}" y="${bottom + 12}" font-size="12" text-anchor="middle">${name}</text>` : "");
  }

  // --- the controls ---------------------------------------------------------------------------
  function build(root) {
    const data = JSON.parse(root.querySelector("script").textContent);
    const names = Object.keys(data.presets);
    const tasks = data.presets[names[0]].units.length;
    const axes = Object.keys(data.axes);
    const steps = data.presets[names[0]].cases[axes[0]][0].theta.length - 1;
    const choices = (pairs) => pairs.map(([value, word]) => `<option value="${value}">${word}</option>`).join("");
    root.innerHTML =
      '<svg class="cone-view" viewBox="-185 -205 370 375" role="img" tabindex="0" fill="none"></svg>' +
      `<div><label>Gradients <select>${choices(names.map((n) => [n, data.presets[n].title]))}</select></label>` +
      `<label>Their lengths <select>${choices(data.norms.map((word, i) => [i, word]))}</select></label>` +
      `<label>Axis <select>${choices(axes.map((n) => [n, data.axes[n]]))}</select></label>` +
      `<label>Harmony κ = <span></span><input type="range" min="0" max="${steps}" value="${steps / 2}"></label>` +
      `<output></output><svg class="cone-bars" viewBox="0 0 255 ${26 * tasks + 24}" role="img"></svg></div>` +
      "<small>Drag the ball, or use the arrow keys on it, to turn it. Coloured bars: cosine of d with each gradient; grey: cosine of the plain sum.</small>";
    const [view, chart] = root.querySelectorAll("svg");
    const [choice, norms, axis] = root.querySelectorAll("select");
    const slider = root.querySelector("input");
    choice.value = data.first;
    const draw = (see) => {
      const { title, units, cases } = data.presets[choice.value];
      const preset = { title, units, ...cases[axis.value][Number(norms.value)] };
      const [index, kappa] = [Number(slider.value), Number(slider.value) / steps];
      root.querySelector("span").textContent = kappa.toFixed(2);
      slider.setAttribute("aria-valuetext", `kappa ${kappa.toFixed(2)}`);
      view.innerHTML = scene(preset, index, see);
      chart.innerHTML = bars(preset.cosines[index], preset.sumCosines, kappa * preset.c, "κc");
      const cosines = preset.cosines[index].map(fixed).join(", ");
      view.setAttribute("aria-label", `Unit sphere with three gradients, axis, cone and direction; ${preset.title}. Arrow keys turn it.`);
      chart.setAttribute("aria-label", `Cosines of the direction with the gradients: ${cosines}`);
      root.querySelector("output").innerHTML =
        `<span>c = ${fixed(preset.c)}</span><span>φ = ${degrees(preset.phi)}</span><span>θ* = ${degrees(preset.theta[index])}</span>` +
        `<span>norms ${preset.norms.join(", ")}</span><span>‖d‖ / ‖sum‖ = ${fixed(preset.length[index])}</span>`;
    };
    moves(view, [choice, norms, axis], slider, draw);
    replace(document.getElementById(data.figure), root);
  }

  function buildStages(root) {
    const data = JSON.parse(root.querySelector("script").textContent);
    const names = Object.keys(data.presets);
    const tasks = data.presets[names[0]].units.length;
    root.innerHTML =
      '<svg class="cone-view" viewBox="-185 -205 370 375" role="img" tabindex="0" fill="none"></svg>' +
      `<div><label>Gradients <select>${names.map((n) => `<option value="${n}">${data.presets[n].title}</option>`).join("")}</select></label>` +
      `<label>Stage <span></span><input type="range" min="1" max="${data.stages.length}" value="1"></label>` +
      `<output></output><svg class="cone-bars" viewBox="0 0 255 ${26 * tasks + 24}" role="img"></svg></div>` +
      "<small>Drag the ball, or use the arrow keys on it, to turn it. Coloured bars: cosine of the anchor d* with each gradient as it was, " +
      "at the last stage of the update g; grey there: with each rotated gradient.</small>";
    const [view, chart] = root.querySelectorAll("svg");
    const [choice, slider] = [root.querySelector("select"), root.querySelector("input")];
    choice.value = data.first;
    const draw = (see) => {
      const preset = data.presets[choice.value];
      const number = Number(slider.value);
      const last = number === data.stages.length;
      const words = data.stages[number - 1];
      root.querySelector("span").textContent = `${number}: ${words}`;
      slider.setAttribute("aria-valuetext", `stage ${number}, ${words}`);
      view.innerHTML = stage(preset, number, see);
      const cosines = last ? preset.cosines : preset.anchorCosines;
      chart.innerHTML = bars(cosines, last ? preset.rotatedCosines : null);
      view.setAttribute("aria-label", `Unit sphere with three gradients; ${preset.title}; ${words}. Arrow keys turn it.`);
      chart.setAttribute("aria-label", `Cosines of ${last ? "the update" : "the anchor"} with the gradients: ${cosines.map(fixed).join(", ")}`);
      root.querySelector("output").innerHTML =
        (number > 2 ? `<span>turned by ${preset.angles.map((x) => `${Math.round((x * 180) / Math.PI)}°`).join(",\u00a0")}</span>` : "") +
        (last && Math.min(...preset.cosines) < -5e-4 ? "<span>g opposes a gradient as it was</span>" : "");
    };
    moves(view, [choice], slider, draw);
    replace(document.getElementById(data.figure), root);
  }

  // Choices, slider, pointer and arrow keys: each draws again.
  function moves(view, choices, slider, picture) {
    const turn = { yaw: 1.43, pitch: 0.38 };
    const draw = () => picture(camera(turn.yaw, turn.pitch));
    const rotate = (right, up) => {
      turn.yaw -= right;
      turn.pitch = Math.max(-1.5, Math.min(1.5, turn.pitch + up));
      draw();
    };
    choices.forEach((one) => one.addEventListener("change", draw));
    slider.addEventListener("input", draw);
    view.addEventListener("pointerdown", (event) => view.setPointerCapture(event.pointerId));
    view.addEventListener("pointermove", (event) => {
      if (event.buttons) rotate(event.movementX / 120, event.movementY / 120);
    });
    view.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] }[event.key];
      if (!move) return;
      event.preventDefault();
      rotate(...move);
    });
    draw();
  }

  // The picture takes the place of the static figure's image, above its caption.
  function replace(figure, root) {
    const image = figure && figure.querySelector("img");
    if (image) {
      figure.insertBefore(root, figure.querySelector("figcaption"));
      (image.closest("a") || image).classList.add("cone-replaced");
    }
    root.hidden = false;
  }

  document.querySelectorAll(".cone[hidden]").forEach((root) => {
    const { stages } = JSON.parse(root.querySelector("script").textContent);
    (stages ? buildStages : build)(root);
  });
})();
