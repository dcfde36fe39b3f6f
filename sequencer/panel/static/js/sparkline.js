// A small line beside a figure: how it went, without axes. What it says stands beside it or in a table.

const SVG = "http://www.w3.org/2000/svg";
const [WIDE, HIGH, EDGE] = [100, 28, 2];

/** A line through `values`, oldest first, `null` where there is none; between `low` and `high`, else as far as they go. */
export function sparkline(values, { low = null, high = null } = {}) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "sparkline");
  svg.setAttribute("viewBox", `0 0 ${WIDE} ${HIGH}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const known = values.filter((value) => value !== null);
  if (!known.length) return svg;
  const [bottom, top] = [low ?? Math.min(...known), high ?? Math.max(...known)];
  const x = (index) => EDGE + (index * (WIDE - 2 * EDGE)) / Math.max(1, values.length - 1);
  const y = (value) => (top > bottom ? HIGH - EDGE - ((value - bottom) * (HIGH - 2 * EDGE)) / (top - bottom) : HIGH / 2);
  let line = "";
  values.forEach((value, index) => {
    if (value === null) return;
    const joined = index > 0 && values[index - 1] !== null;
    // One value between gaps is a dot: a line of no length with round ends.
    line += `${joined ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}${joined ? "" : "h0"}`;
  });
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", line);
  svg.append(path);
  return svg;
}
