/* What stands around the panels of a moving figure: its title, which colour is what, the grid they lie in. */

export function html(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** A function from a series to the class of its colour: one for each label, grey for data and marks. */
export function colouring(allSeries) {
  const grey = ({ kind, label }) => kind === "mark" || label === "data";
  const order = [...new Set(allSeries.filter((series) => !grey(series)).map(({ label }) => label))];
  return (series) => (grey(series) ? "data" : `c${order.indexOf(series.label) % 7}`);
}

/** Which colour is what, where there is more than one label. */
export function legend(allSeries, colours) {
  const kinds = new Map(allSeries.map(({ label, kind }) => [label, kind]));
  kinds.delete("");
  if (kinds.size < 2) return [];
  const items = [...kinds].map(([label, kind]) =>
    html("li", { class: `${kind} ${colours({ label, kind })}` }, label),
  );
  return [html("ul", { class: "legend" }, ...items)];
}

/** The parts of a stage whose cells hold a panel each. */
export function stage({ title, columns }, allSeries, cells) {
  const grid = html("div", { class: "panels" }, ...cells);
  grid.style.setProperty("--columns", columns || Math.min(3, cells.length));
  const heading = title ? [html("div", { class: "player-title" }, title)] : [];
  return [...heading, ...legend(allSeries, colouring(allSeries)), grid];
}
