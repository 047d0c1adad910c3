/* One set of axes with its series, drawn as SVG. Colours and fonts come from the page's style sheet. */

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = { top: 22, right: 8, bottom: 34, left: 36 };

export function svg(name, attributes = {}, text) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

/** The multiples of a step from low to high. */
function multiples(step, low, high) {
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}

/** Up to `count` round numbers between low and high, and two at least. */
function ticks(low, high, count) {
  const raw = (high - low) / count;
  if (!(raw > 0) || !isFinite(raw)) return [low];
  const power = 10 ** Math.floor(Math.log10(raw));
  const steps = [0.5, 1, 2, 2.5, 5, 10].map((factor) => factor * power);
  const fits = steps.findIndex((step) => step >= raw * 0.999);
  const found = multiples(steps[fits], low, high);
  return found.length > 1 ? found : multiples(steps[fits - 1], low, high);
}

/** The powers of ten between low and high, thinned out; round numbers where there are less than two. */
function powers(low, high, count) {
  const [first, last] = [Math.ceil(Math.log10(low)), Math.floor(Math.log10(high))];
  if (last <= first) return ticks(low, high, count);
  return multiples(Math.ceil((last - first) / count), first, last).map((power) => 10 ** power);
}

function written(value, largest) {
  if (Math.abs(value) <= largest * 1e-9) return "0";
  const short = +value.toPrecision(6);
  const text = largest >= 1e5 || largest < 1e-3 ? short.toExponential() : String(short);
  return text.replace("+", "").replaceAll("-", "−");
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
  mark: (series, frame, x, y) => `M${x(series.x[frame]).toFixed(1)} ${y(series.y[0])}V${y(series.y[1])}`,
  /** A closed shape for each stretch without gaps: along the upper edge, and back along the lower. */
  band(series, frame, x, y) {
    const [low, high] = [row(series.low, frame), row(series.high, frame)];
    const along = (edge) => (i) => `${x(series.x[i]).toFixed(1)} ${y(edge[i]).toFixed(1)}`;
    const stretches = [[]];
    series.x.forEach((_, i) => {
      if (low[i] === null || high[i] === null) stretches.push([]);
      else stretches.at(-1).push(i);
    });
    return stretches
      .filter(({ length }) => length)
      .map((places) => `M${[...places.map(along(high)), ...places.reverse().map(along(low))].join("L")}Z`)
      .join("");
  },
  bars(series, frame, x, y) {
    const ground = y(0).toFixed(1);
    return row(series.y, frame)
      .map((value, i) => {
        const left = x(series.edges[i]).toFixed(1);
        const right = x(series.edges[i + 1]).toFixed(1);
        return value ? `M${left} ${ground}V${y(value * series.unit).toFixed(1)}H${right}V${ground}Z` : "";
      })
      .join("");
  },
};

/** `draw` lays the axes out for a width, `show` moves the series to a frame. */
export class Panel {
  constructor(panel, colours, titled = true) {
    this.panel = panel;
    this.titled = titled;
    this.node = svg("svg", { class: "panel", role: "img", "aria-label": panel.title || "panel" });
    this.paths = panel.series.map((series) =>
      svg("path", { class: `series ${series.kind} ${colours(series)}` }),
    );
  }

  draw(width) {
    const { title, x_label, y_label, x_limits, y_limits } = this.panel;
    const height = Math.round(Math.min(this.panel.wide ? 400 : 240, Math.max(140, width * 0.72)));
    const inner = width - MARGIN.left - MARGIN.right;
    const tall = height - MARGIN.top - MARGIN.bottom;
    this.x = (value) => ((value - x_limits[0]) / (x_limits[1] - x_limits[0] || 1)) * inner;
    // On a logarithmic axis what is too small for it, such as zero, lies at its foot.
    const level = this.panel.log ? (value) => Math.log10(Math.max(value, y_limits[0])) : (value) => value;
    const [foot, head] = y_limits.map(level);
    this.y = (value) => tall - ((level(value) - foot) / (head - foot || 1)) * tall;
    const set = { width, height, viewBox: `0 0 ${width} ${height}` };
    for (const [key, value] of Object.entries(set)) this.node.setAttribute(key, value);

    const axes = svg("g", { class: "axes", transform: `translate(${MARGIN.left} ${MARGIN.top})` });
    const text = (x, y, anchor, words, kind = "tick") =>
      axes.append(svg("text", { x, y, "text-anchor": anchor, class: kind }, words));
    const most = (limits) => Math.max(...limits.map(Math.abs));
    let [marks, grid] = ["", ""];
    for (const tick of ticks(...x_limits, Math.max(3, inner / 55))) {
      marks += `M${this.x(tick)} ${tall}v4`;
      text(this.x(tick), tall + 15, "middle", written(tick, most(x_limits)));
    }
    for (const tick of (this.panel.log ? powers : ticks)(...y_limits, Math.max(3, tall / 35))) {
      grid += `M0 ${this.y(tick)}h${inner}`;
      text(-5, this.y(tick) + 3.5, "end", written(tick, this.panel.log ? tick : most(y_limits)));
    }
    axes.prepend(svg("path", { class: "grid", d: grid }), svg("path", { d: `${marks}M0 0V${tall}H${inner}` }));
    text(inner / 2, -8, "middle", (this.titled && title) || "", "title");
    text(inner, tall + 29, "end", x_label || "", "label");
    text(-MARGIN.left + 2, -8, "start", y_label || "", "label");

    // A nested <svg> cuts off what leaves the axes.
    const place = { x: MARGIN.left, y: MARGIN.top, width: inner, height: tall };
    const clip = svg("svg", { ...place, overflow: "hidden" });
    clip.append(...this.paths);
    this.node.replaceChildren(axes, clip);
  }

  show(frame) {
    this.panel.series.forEach((series, i) =>
      this.paths[i].setAttribute("d", shapes[series.kind](series, frame, this.x, this.y)),
    );
  }
}
