// In which order the list of runs is; it stands in the address.

const SORTS = ["start_time", "status", "serial_number", "part_number", "batch", "sequence", "version", "stand", "slot", "operator", "seconds", "case", "error_code"];

/** What the address says. */
export function readOrder() {
  const query = new URLSearchParams(window.location.search);
  const sort = SORTS.includes(query.get("sort")) ? query.get("sort") : "start_time";
  const order = ["ascending", "descending"].includes(query.get("order")) ? query.get("order") : "descending";
  return { sort, order };
}

/** Whether it is the usual one. */
export function isNewestFirst({ sort, order }) {
  return sort === "start_time" && order === "descending";
}
