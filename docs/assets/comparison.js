/* One recorded run, or two over each other, as the panels of an animation: pure functions of the explorer's data. */

export const last = (list) => list[list.length - 1];

/** The place of the last of the epochs that is not after this one. */
export const placeOf = (epochs, epoch) => Math.max(0, epochs.findLastIndex((one) => one <= epoch));

/** Limits around all the numbers, with a little room, and never without extent. */
function limitsAround(...lists) {
  const values = lists.flat(2).filter((value) => value !== null && value !== undefined);
  if (!values.length) return [0, 1];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = 0.06 * (high - low) || 0.1 * Math.abs(high) || 1;
  return [low - room, high + room];
}

/** The same for a logarithmic axis: around all that are above zero. */
function powersAround(...lists) {
  const values = lists.flat(2).filter((value) => value > 0);
  return values.length ? [Math.min(...values) / 1.5, Math.max(...values) * 1.5] : [0.1, 1];
}

/** Counts over ±limit as counts over ±(factor · limit): as many bins, each so many times as wide. */
function coarser(row, factor) {
  const half = row.length / 2;
  const counts = row.map(() => 0);
  row.forEach((count, i) => (counts[Math.floor((i - half) / factor) + half] += count));
  return counts;
}

/** The rows of a histogram in percent of all numbers, in bins over the limits given. */
function shares({ rows, limits }, wanted) {
  const factor = wanted[1] / limits[1];
  return rows.map((row) => {
    const total = row.reduce((sum, count) => sum + count, 0) || 1;
    return (factor > 1 ? coarser(row, factor) : row).map((count) => (100 * count) / total);
  });
}

const evenly = ([low, high], count) =>
  Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));

const twice = (values) => values.flatMap((value) => [value, value]);

/** The histograms of the runs over each other: the first as bars, the other as an outline. */
function histogramPanel(runs, epochs, x_label, log) {
  const x_limits = runs.map(({ layer }) => layer.distribution.limits).sort((a, b) => b[1] - a[1])[0];
  const all = [];
  const series = runs.map(({ label, layer }, place) => {
    const heights = shares(layer.distribution, x_limits);
    all.push(heights);
    const edges = evenly(x_limits, heights[0].length + 1);
    const y = epochs.map((epoch) => heights[placeOf(layer.distribution.epochs, epoch)]);
    if (!place) return { kind: "bars", label, edges, unit: 1, y };
    return { kind: "line", label, x: twice(edges).slice(1, -1), y: y.map(twice) };
  });
  const y_limits = log ? powersAround(...all) : [0, 1.05 * Math.max(...all.flat(2)) || 1];
  return { x_label, y_label: "% of numbers", x_limits, y_limits, log, series };
}

/** Lines that move with the epoch, such as a prediction. */
function linesPanel(runs, epochs) {
  const series = runs.map(({ label, layer: { distribution } }) => ({
    kind: "line",
    label,
    x: evenly(distribution.limits, distribution.rows[0].length),
    y: epochs.map((epoch) => distribution.rows[placeOf(distribution.epochs, epoch)]),
  }));
  const y_limits = limitsAround(...runs.map(({ layer }) => layer.distribution.rows));
  return { x_label: "", y_label: "", x_limits: runs[0].layer.distribution.limits, y_limits, series };
}

/** One number over the epochs; `of(run)` is { x, y } and, over several seeds, their low and high. */
function coursePanel(title, runs, of, epochs, log) {
  const courses = runs.map((run) => ({ label: run.label, ...of(run) })).filter(({ y }) => y);
  const around = log ? powersAround : limitsAround;
  const y_limits = around(...courses.map(({ y, low, high }) => [y, low ?? [], high ?? []]));
  const bands = courses.filter(({ low }) => low).map((course) => ({ kind: "band", ...course }));
  const lines = courses.map((course) => ({ kind: "line", ...course }));
  const here = { kind: "mark", label: "", x: epochs, y: y_limits };
  const x_limits = [0, Math.max(1, last(epochs), ...courses.map(({ x }) => last(x)))];
  return { title, x_label: "epoch", x_limits, y_limits, log, series: [here, ...bands, ...lines] };
}

/** What a run has measured: a list of { title, x, y, low, high }, of the layer and of the whole. */
export function measured({ layer, view }) {
  const statistics = Object.entries(layer?.statistics ?? {}).map(([title, y]) => ({ title, x: layer.epochs, y }));
  const curves = view.curves.map(({ title, mean, low, high }) => {
    return { title, x: mean.map((_, epoch) => epoch), y: mean, low, high };
  });
  return { statistics, curves };
}

/** The panels for one run or two: { label, view, layer }, in step over the epochs. */
export function compose(runs, signal, epochs, log) {
  const course = (kind) => {
    const titles = new Set(runs.flatMap((run) => measured(run)[kind].map(({ title }) => title)));
    return [...titles].map((title) => {
      const of = (run) => measured(run)[kind].find((one) => one.title === title);
      return coursePanel(title, runs, of, epochs, log && title.endsWith("loss"));
    });
  };
  const drawn = runs.filter(({ layer }) => layer?.distribution);
  const [first, ...curves] = course("curves");
  const panels = [first, ...course("statistics"), ...curves];
  if (drawn.length) {
    const { distribution, name } = drawn[0].layer;
    const bars = distribution.kind === "bars";
    const panel = bars ? histogramPanel(drawn, epochs, signal, log) : linesPanel(drawn, epochs);
    panels.unshift({ ...panel, wide: true, title: bars ? `${signal}, ${name}` : signal });
  }
  return panels;
}
