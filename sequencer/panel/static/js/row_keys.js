// Rows by keyboard: however many there are, they are one stop for the Tab key, and arrows go from one to the next.

/**
 * Takes the keys of the rows in `root`, which match `rows`, with their controls, which match `controls` within a row: up and down go
 * to another row, left and right to another control of this one, Home and End to the first and the last row. Whatever is hidden is
 * left out. `renew` of what comes back is to be called when there are other rows or others are hidden, `stands` says whether that
 * row is still there to which the Tab key leads.
 */
export function rowKeys(root, rows, controls) {
  let current = null;
  const shown = (all) => [...all].filter((one) => one.checkVisibility() && !one.disabled);
  const controlsOf = (row) => [...row.querySelectorAll(controls)];
  const stands = () => Boolean(current?.isConnected && !current.closest("[hidden]"));

  function renew() {
    const all = [...root.querySelectorAll(rows)].flatMap(controlsOf);
    for (const one of all) if (one !== current && one.tabIndex !== -1) one.tabIndex = -1;
    if (!stands() || !current.checkVisibility()) take(shown(all)[0] ?? null);
  }

  function take(control) {
    if (current) current.tabIndex = -1;
    current = control;
    if (current) current.tabIndex = 0;
  }

  root.addEventListener("focusin", ({ target }) => {
    const row = target.closest(rows);
    if (target !== current && row && controlsOf(row).includes(target)) take(target);
  });
  root.addEventListener("keydown", (event) => {
    if (event.target !== current || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const there = goal(event.key, current.closest(rows));
    if (!there) return;
    event.preventDefault();
    there.focus();
  });

  function goal(key, row) {
    const here = shown(controlsOf(row));
    const at = here.indexOf(current);
    if (key === "ArrowLeft" || key === "ArrowRight") return here[at + (key === "ArrowLeft" ? -1 : 1)];
    if (!["ArrowUp", "ArrowDown", "Home", "End"].includes(key)) return null;
    const all = shown(root.querySelectorAll(rows));
    const next = { ArrowUp: all.indexOf(row) - 1, ArrowDown: all.indexOf(row) + 1, Home: 0, End: all.length - 1 }[key];
    const there = all[next] ? shown(controlsOf(all[next])) : [];
    return there[Math.min(at, there.length - 1)];
  }

  return { renew, stands };
}

/** The same where rows come, go and hide now and then. */
export function keepRowKeys(root, rows, controls) {
  const { renew } = rowKeys(root, rows, controls);
  new MutationObserver(renew).observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ["hidden"] });
}
