// Zooms and moves a chart: with the wheel, a dragging mouse, keys, and fingers.

/** Pixels that a finger may move in a tap, and milliseconds and pixels between two taps that are one. */
const STILL = 10;
const TWICE = 350;
const NEAR = 40;
/** Parts of an axis. */
const STEP = 0.1;
const MIDDLE = { x: 0.5, y: 0.5 };
const KEYS = {
  "+": (view) => view.show(MIDDLE, MIDDLE, 0.8),
  "=": (view) => view.show(MIDDLE, MIDDLE, 0.8),
  "-": (view) => view.show(MIDDLE, MIDDLE, 1.25),
  ArrowLeft: (view) => view.show({ x: 0, y: 0 }, { x: STEP, y: 0 }),
  ArrowRight: (view) => view.show({ x: 0, y: 0 }, { x: -STEP, y: 0 }),
  ArrowUp: (view) => view.show({ x: 0, y: 0 }, { x: 0, y: -STEP }),
  ArrowDown: (view) => view.show({ x: 0, y: 0 }, { x: 0, y: STEP }),
};

/** Lets `plot` be zoomed and moved, with `reset` to show all of it; what comes back does so, too. */
export function gestures(plot, reset) {
  const { over } = plot;
  const all = () => {
    reset();
    over.style.touchAction = "";
  };
  over.addEventListener("wheel", (event) => wheel(plot, event), { passive: false });
  over.addEventListener("pointerdown", (event) => drag(plot, event));
  over.addEventListener("dblclick", () => (over.style.touchAction = ""));
  over.parentElement.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !(event.key in KEYS || event.key === "0")) return;
    // The first character of a scan, which has led the focus into the form: without it the rest would be another number.
    if (document.activeElement !== event.target) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "0") all();
    else KEYS[event.key](new View(plot));
  });
  fingers(plot, all);
  return all;
}

/** What is shown of both axes, as it was when this was made. */
class View {
  constructor(plot) {
    this.plot = plot;
    this.axes = Object.fromEntries(
      ["x", "y"].map((key) => {
        const { min, max, distr } = plot.scales[key];
        const log = distr === 3;
        return [key, { log, low: log ? Math.log10(min) : min, span: log ? Math.log10(max / min) : max - min }];
      }),
    );
  }

  /** Shows what was at `from` at `to`, both {x, y} in parts of the axes, with the axes `factor` times as long. */
  show(from, to, factor = 1) {
    this.plot.batch(() => {
      for (const [key, { log, low, span }] of Object.entries(this.axes)) {
        const least = low + from[key] * span - to[key] * span * factor;
        const most = least + span * factor;
        if (!(least < most && Number.isFinite(most - least))) continue;
        this.plot.setScale(key, log ? { min: 10 ** least, max: 10 ** most } : { min: least, max: most });
      }
    });
    // A chart that shows all there is lets a finger scroll the page.
    this.plot.over.style.touchAction = "none";
  }
}

/** Where a pointer is, in parts of the axes. */
function place(plot, { clientX, clientY }) {
  const box = plot.over.getBoundingClientRect();
  return { x: (clientX - box.left) / box.width, y: 1 - (clientY - box.top) / box.height };
}

/** Zooms both axes around the pointer. */
function wheel(plot, event) {
  if (!event.ctrlKey && !event.shiftKey && !event.altKey) return;
  event.preventDefault();
  const here = place(plot, event);
  new View(plot).show(here, here, event.deltaY < 0 ? 0.8 : 1.25);
}

/** Drags the chart along with the shift key or the middle button; a plain drag selects what to zoom into. */
function drag(plot, event) {
  if (event.pointerType === "touch" || (event.button !== 1 && !event.shiftKey)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const [view, start] = [new View(plot), place(plot, event)];
  const move = (moved) => view.show(start, place(plot, moved));
  const end = () => {
    removeEventListener("pointermove", move);
    removeEventListener("pointerup", end);
  };
  addEventListener("pointermove", move);
  addEventListener("pointerup", end);
}

/** One finger moves the chart, two zoom it, two taps show all of it. */
function fingers(plot, all) {
  const { over } = plot;
  const down = new Map();
  let view = null;
  let start = null;
  let tapped = null;

  /** The middle of the fingers, and how far apart they are in pixels. */
  const pose = () => {
    const [one, other = one] = [...down.values()];
    const middle = { clientX: (one.clientX + other.clientX) / 2, clientY: (one.clientY + other.clientY) / 2 };
    return { ...place(plot, middle), apart: Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) };
  };
  const begin = () => {
    view = new View(plot);
    start = down.size ? pose() : null;
  };
  over.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch" || down.size === 2) return;
    down.set(event.pointerId, event);
    over.setPointerCapture(event.pointerId);
    if (down.size === 1) tapped = { now: event, before: tapped?.now.timeStamp > event.timeStamp - TWICE ? tapped.now : null };
    else tapped = null;
    begin();
  });
  over.addEventListener("pointermove", (event) => {
    if (!down.has(event.pointerId)) return;
    down.set(event.pointerId, event);
    if (tapped && apart(event, tapped.now) < STILL) return;
    tapped = null;
    const now = pose();
    view.show(start, now, start.apart && now.apart ? start.apart / now.apart : 1);
  });
  const up = (event) => {
    if (!down.delete(event.pointerId)) return;
    if (event.type === "pointercancel") tapped = null;
    if (tapped?.before && apart(event, tapped.before) < NEAR) {
      tapped = null;
      all();
    }
    begin();
  };
  over.addEventListener("pointerup", up);
  over.addEventListener("pointercancel", up);
}

function apart(one, other) {
  return Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
}
