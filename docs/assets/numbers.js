/* The numbers of a moving figure as a file: a row for each point of each series in each frame. */

const HEADER = ["frame", "panel", "series", "x", "y", "high"];

const quoted = (cell) => (/[",\n]/.test(cell) ? `"${String(cell).replaceAll('"', '""')}"` : cell);

/** CSV of what a player shows. `y` is the lower edge of a band and `high` the upper one. */
export function csv(data) {
  const rows = [HEADER];
  for (const panel of data.panels)
    for (const series of panel.series) {
      if (series.kind === "mark") continue; // it shows where one is, and measures nothing
      const low = series.low ?? series.y;
      const moves = Array.isArray(low[0]);
      (moves ? low : [low]).forEach((values, frame) => {
        const high = series.high && (moves ? series.high[frame] : series.high);
        values.forEach((value, i) =>
          rows.push([
            moves ? data.frames[frame] : "all",
            panel.title,
            series.label,
            (series.edges ?? series.x)[i],
            value === null ? "" : +(value * (series.unit ?? 1)).toPrecision(6),
            high ? high[i] : "",
          ]),
        );
      });
    }
  return rows.map((row) => row.map(quoted).join(",")).join("\n") + "\n";
}

/** Have the browser save a text as a file. */
export function save(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
