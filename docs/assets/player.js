/* <microgrand-player src="weights.json"><img src="weights.webp" alt="…"></microgrand-player>

   Draws the frames of an animation as SVG: play and pause, a slider, the keyboard (space, ←, →, Home, End).
   Colours and fonts come from the page's style sheet, so it follows light and dark by itself. Without
   scripts, or where the data cannot be fetched, the picture inside shows instead. */
(() => {
  if (customElements.get("microgrand-player")) return;

  const SVG = "http://www.w3.org/2000/svg";
  const MARGIN = { top: 22, right: 8, bottom: 34, left: 36 };
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  const svg = (name, attributes = {}, text) => {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    return node;
  };

  const html = (name, attributes = {}, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  };

  /** About `count` round numbers between low and high. */
  function ticks(low, high, count) {
    const raw = (high - low) / count;
    if (!(raw > 0) || !isFinite(raw)) return [low];
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = power * [1, 2, 5, 10].find((factor) => factor * power >= raw * 0.999);
    const first = Math.ceil(low / step - 1e-9);
    const last = Math.floor(high / step + 1e-9);
    return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
  }

  function written(value, largest) {
    const plain = Math.abs(value) < largest * 1e-9 ? 0 : value;
    const short = largest >= 1e5 || largest < 1e-3 ? plain.toExponential(0) : +plain.toPrecision(6);
    return String(plain === 0 ? 0 : short).replace("-", "−");
  }

  /** The row of a series for a frame; one-dimensional values stay the same in every frame. */
  const row = (values, frame) =>
    Array.isArray(values[0]) ? values[Math.min(frame, values.length - 1)] : values;

  /** An SVG path through the points, lifted where a value is missing. */
  function path(xs, ys, x, y) {
    let d = "";
    let pen = "M";
    for (let i = 0; i < xs.length; i++) {
      if (ys[i] === null) pen = "M";
      else {
        d += pen + x(xs[i]).toFixed(1) + " " + y(ys[i]).toFixed(1);
        pen = "L";
      }
    }
    return d;
  }

  const shapes = {
    line: (series, frame, x, y) => path(series.x, row(series.y, frame), x, y),
    points: (series, frame, x, y) =>
      row(series.y, frame)
        .map((value, i) => (value === null ? "" : `M${x(series.x[i]).toFixed(1)} ${y(value).toFixed(1)}h0`))
        .join(""),
    band(series, frame, x, y) {
      const upper = path(series.x, row(series.high, frame), x, y);
      const lower = path([...series.x].reverse(), [...row(series.low, frame)].reverse(), x, y);
      return upper && lower && `${upper}L${lower.slice(1)}Z`;
    },
    bars(series, frame, x, y) {
      const ground = y(0).toFixed(1);
      return row(series.y, frame)
        .map((value, i) => {
          const left = x(series.edges[i]).toFixed(1);
          const right = x(series.edges[i + 1]).toFixed(1);
          return value ? `M${left} ${ground}V${y(value).toFixed(1)}H${right}V${ground}Z` : "";
        })
        .join("");
    },
  };

  /** One set of axes; `draw` lays it out for a width, `show` moves its series to a frame. */
  class Panel {
    constructor(panel, colours) {
      this.panel = panel;
      this.node = svg("svg", { class: "panel", role: "img", "aria-label": panel.title || "panel" });
      this.paths = panel.series.map((series) =>
        svg("path", { class: `series ${series.kind} ${colours(series)}` }),
      );
    }

    draw(width) {
      const { title, x_label, y_label, x_limits, y_limits } = this.panel;
      const height = Math.round(Math.min(240, Math.max(140, width * 0.72)));
      const inner = width - MARGIN.left - MARGIN.right;
      const tall = height - MARGIN.top - MARGIN.bottom;
      this.x = (value) => ((value - x_limits[0]) / (x_limits[1] - x_limits[0])) * inner;
      this.y = (value) => tall - ((value - y_limits[0]) / (y_limits[1] - y_limits[0])) * tall;
      const set = { width, height, viewBox: `0 0 ${width} ${height}` };
      for (const [key, value] of Object.entries(set)) this.node.setAttribute(key, value);

      const axes = svg("g", { class: "axes", transform: `translate(${MARGIN.left} ${MARGIN.top})` });
      const text = (x, y, anchor, words, kind = "tick") =>
        axes.append(svg("text", { x, y, "text-anchor": anchor, class: kind }, words));
      const most = (limits) => Math.max(...limits.map(Math.abs));
      for (const tick of ticks(...x_limits, Math.max(3, inner / 55))) {
        axes.append(svg("path", { d: `M${this.x(tick)} ${tall}v4` }));
        text(this.x(tick), tall + 15, "middle", written(tick, most(x_limits)));
      }
      for (const tick of ticks(...y_limits, Math.max(3, tall / 35))) {
        axes.append(svg("path", { class: "grid", d: `M0 ${this.y(tick)}h${inner}` }));
        text(-5, this.y(tick) + 3.5, "end", written(tick, most(y_limits)));
      }
      axes.append(svg("path", { d: `M0 0V${tall}H${inner}` }));
      text(inner / 2, -8, "middle", title || "", "title");
      text(inner, tall + 29, "end", x_label || "", "label");
      text(-MARGIN.left + 2, -8, "start", y_label || "", "label");

      // A nested <svg> cuts off what leaves the axes.
      const place = { x: MARGIN.left, y: MARGIN.top, width: inner, height: tall };
      const window = svg("svg", { ...place, overflow: "hidden" });
      window.append(...this.paths);
      this.node.replaceChildren(axes, window);
    }

    show(frame) {
      this.panel.series.forEach((series, i) =>
        this.paths[i].setAttribute("d", shapes[series.kind](series, frame, this.x, this.y)),
      );
    }
  }

  class Player extends HTMLElement {
    connectedCallback() {
      if (this.watcher) return;
      this.frame = 0;
      this.playing = false;
      this.chosen = false; // whether the reader has taken over
      this.watcher = new IntersectionObserver((entries) => this.seen(entries.at(-1).isIntersecting));
      this.watcher.observe(this);
    }

    disconnectedCallback() {
      this.pause();
      this.watcher?.disconnect();
      this.sizes?.disconnect();
      this.watcher = undefined;
    }

    async seen(visible) {
      this.visible = visible;
      if (visible && !this.loading) await (this.loading = this.load());
      if (!this.data) return;
      if (!this.visible) this.pause();
      else if (!this.chosen && !calm.matches) this.play();
    }

    async load() {
      try {
        const answer = await fetch(new URL(this.getAttribute("src"), document.baseURI));
        if (!answer.ok) throw new Error(`${answer.status} for ${answer.url}`);
        this.build(await answer.json());
      } catch (error) {
        this.classList.add("failed"); // the style sheet shows the picture again
        console.warn("microgrand-player:", error.message);
      }
    }

    build(data) {
      this.data = data;
      const labels = [...new Set(data.panels.flatMap((panel) => panel.series.map((s) => s.label)))];
      const kinds = new Map(data.panels.flatMap((panel) => panel.series.map((s) => [s.label, s.kind])));
      const inked = labels.filter((label) => kinds.get(label) !== "points"); // points are the data: grey
      const colours = (series) => (series.kind === "points" ? "data" : `c${inked.indexOf(series.label) % 7}`);
      this.panels = data.panels.map((panel) => new Panel(panel, colours));

      const key = labels.filter(Boolean).map((label) => {
        const series = { label, kind: kinds.get(label) };
        return html("li", { class: `${series.kind} ${colours(series)}` }, label);
      });
      this.button = html("button", { type: "button", class: "play" });
      this.slider = html("input", { type: "range", min: 0, max: data.frames.length - 1, step: 1, value: 0 });
      this.slider.setAttribute("aria-label", "frame");
      this.label = html("span", { class: "frame", "aria-hidden": "true" });
      this.speed = html("select", { "aria-label": "speed" });
      for (const factor of [0.25, 0.5, 1, 2, 4]) {
        this.speed.append(html("option", { value: factor, ...(factor === 1 && { selected: "" }) }, `${factor}×`));
      }
      const grid = html("div", { class: "panels" }, ...this.panels.map((panel) => html("div", {}, panel.node)));
      grid.style.setProperty("--columns", data.columns || Math.min(3, this.panels.length));
      const controls = html("div", { class: "controls" }, this.button, this.slider, this.label, this.speed);

      this.setAttribute("role", "group");
      this.setAttribute("aria-label", data.alt || data.title || "animation");
      this.replaceChildren(
        ...(data.title ? [html("div", { class: "player-title" }, data.title)] : []),
        ...(key.length > 1 ? [html("ul", { class: "legend" }, ...key)] : []),
        grid,
        controls,
      );
      this.button.addEventListener("click", () => this.toggle());
      this.slider.addEventListener("input", () => this.choose(+this.slider.value));
      this.addEventListener("keydown", (event) => this.press(event));
      this.sizes = new ResizeObserver(() => this.resize());
      this.sizes.observe(grid);
      this.resize();
      this.pause();
    }

    resize() {
      const width = Math.floor(this.panels[0].node.parentElement.clientWidth);
      if (!width || width === this.width) return;
      this.width = width;
      for (const panel of this.panels) panel.draw(width);
      this.show(this.frame);
    }

    show(frame) {
      this.frame = frame;
      for (const panel of this.panels) panel.show(frame);
      this.slider.value = frame;
      this.label.textContent = this.data.frames[frame];
      // While it plays, a screen reader is left in peace.
      if (!this.playing) this.slider.setAttribute("aria-valuetext", this.data.frames[frame]);
    }

    choose(frame) {
      this.chosen = true;
      this.pause();
      this.show(Math.max(0, Math.min(this.data.frames.length - 1, frame)));
    }

    toggle() {
      this.chosen = true;
      if (this.playing) this.pause();
      else this.play();
    }

    play() {
      if (this.playing) return;
      this.playing = true;
      this.mark();
      let last = performance.now();
      const step = (now) => {
        if (now - last >= 1000 / ((this.data.fps || 8) * this.speed.value)) {
          last = now;
          this.show((this.frame + 1) % this.data.frames.length);
        }
        this.timer = requestAnimationFrame(step);
      };
      this.timer = requestAnimationFrame(step);
    }

    pause() {
      this.playing = false;
      cancelAnimationFrame(this.timer);
      if (!this.data) return;
      this.mark();
      this.slider.setAttribute("aria-valuetext", this.data.frames[this.frame]);
    }

    mark() {
      const icon = svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" });
      icon.append(svg("path", { d: this.playing ? "M3 2h4v12H3zM9 2h4v12H9z" : "M4 2l10 6-10 6z" }));
      this.button.replaceChildren(icon);
      this.button.setAttribute("aria-label", this.playing ? "pause" : "play");
    }

    press(event) {
      if (event.altKey || event.ctrlKey || event.metaKey || event.target === this.speed) return;
      const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
      if (event.key in steps) this.choose(this.frame + steps[event.key]);
      else if (event.key === " " && event.target !== this.button) this.toggle(); // a button does it itself
      else return;
      event.preventDefault();
      event.stopPropagation();
    }
  }

  customElements.define("microgrand-player", Player);
})();
