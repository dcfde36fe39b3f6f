// The labels below bars that are called something: level where there is room, else aslant, else upright.

/** The most of a label that is shown, in rems: the rest is in the tip and in the table. */
const WIDEST = 9;
/** The same of upright ones: the bars need the height. */
const UPRIGHT = 5;
/** How wide a letter is on average, and how high a line, of the labels' size, in rems. */
const [LETTER, LINE] = [0.45, 1.1];
/** What a chart leaves to its bars of a page that is as wide as this many rems at most. */
const [BESIDE, PAGE] = [8, 95];

export function barLabels(labels, look) {
  const room = (Math.min(window.innerWidth / look.rem, PAGE) - BESIDE) / Math.max(1, labels.length);
  const longest = Math.min(WIDEST, LETTER * Math.max(0, ...labels.map((label) => label.length)));
  const rotate = longest < room ? 0 : room > 2 * LINE ? 35 : 90;
  const wide = rotate === 90 ? UPRIGHT : WIDEST;
  return { interval: 0, hideOverlap: false, rotate, formatter: (label) => shortened(label, Math.floor(wide / LETTER)) };
}

/** Names that begin alike are told apart by how they end. */
function shortened(label, most) {
  const letters = [...label];
  if (letters.length <= most) return label;
  const end = Math.floor((most - 1) / 2);
  return `${letters.slice(0, most - 1 - end).join("")}…${letters.slice(-end).join("")}`;
}
