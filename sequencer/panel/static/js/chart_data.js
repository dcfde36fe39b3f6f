// What a chart draws. uPlot wants x values that rise; a measured curve may come back, as a hysteresis does.

/** A curve that turns more often is a cloud of points: it is drawn from left to right. */
const MOST_TURNS = 40;

/**
 * The series on one x axis, each in as many branches as it has ways to go: `{data, owners}`, where `owners` has the series of each
 * branch. What a logarithmic axis cannot show is a gap.
 */
export function branched(uPlot, chart, logX, logY) {
  const owners = [];
  const tables = chart.x_data.flatMap((xs, index) => {
    const points = xs.map((x, at) => [x, chart.y_data[index][at]]).filter(([x]) => typeof x === "number" && (!logX || x > 0));
    const branches = split(points.map(([x, y]) => [x, typeof y === "number" && (!logY || y > 0) ? y : null]));
    owners.push(...branches.map(() => index));
    return branches.map(unrepeated);
  });
  return { data: tables.length ? uPlot.join(tables) : null, owners };
}

/** Parts with rising x; where the curve turns, the point belongs to both. */
function split(points) {
  const branches = [[]];
  let heading = 0;
  for (const point of points) {
    const last = branches.at(-1).at(-1);
    const way = last ? Math.sign(point[0] - last[0]) : 0;
    if (way && heading && way !== heading) branches.push([last]);
    heading = way || heading;
    branches.at(-1).push(point);
  }
  if (branches.length > MOST_TURNS) return [points.sort((a, b) => a[0] - b[0])];
  return branches.map((branch) => (branch.length && branch[0][0] > branch.at(-1)[0] ? branch.reverse() : branch));
}

/** Of several y values at one x the last stands. */
function unrepeated(points) {
  const kept = new Map(points);
  return [[...kept.keys()], [...kept.values()]];
}
