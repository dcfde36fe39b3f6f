// The two numbers that bound what passes, by the server's rules (domain/limits/bounds.py); both follow one table of examples.

const NONE = { lower: null, upper: null };
const PERCENT = /^\s*([0-9]+(\.[0-9]*)?|\.[0-9]+)\s*%\s*$/;
const INTERVAL = ["gt", "ge", "lt", "le"];

/** `{ lower, upper }` of limits as written in the sequence: null where there is no such number. */
export function limitBounds(limits) {
  if (limits === null || typeof limits !== "object") return NONE;
  if (Array.isArray(limits)) return limits.length === 2 ? interval(...limits, true) : NONE;
  const keys = Object.keys(limits);
  const { eq, nominal, tolerance } = limits;
  if (keys.length === 1 && isNumber(eq)) return { lower: eq, upper: eq };
  if (keys.length === 2 && "nominal" in limits && "tolerance" in limits) return around(nominal, tolerance);
  if (!keys.length || !keys.every((key) => INTERVAL.includes(key))) return NONE;
  if (("gt" in limits && "ge" in limits) || ("lt" in limits && "le" in limits)) return NONE;
  if (!keys.every((key) => isNumber(limits[key]))) return NONE;
  const [lower, upper] = [limits.gt ?? limits.ge ?? null, limits.lt ?? limits.le ?? null];
  return lower === null || upper === null ? { lower, upper } : interval(lower, upper, !("gt" in limits || "lt" in limits));
}

function isNumber(of) {
  return typeof of === "number" && Number.isFinite(of);
}

function interval(lower, upper, withEnds) {
  if (!isNumber(lower) || !isNumber(upper) || lower > upper || (lower === upper && !withEnds)) return NONE;
  return { lower, upper };
}

function around(nominal, tolerance) {
  if (!isNumber(nominal)) return NONE;
  const sides = tolerance !== null && typeof tolerance === "object" ? tolerance : { plus: tolerance, minus: tolerance };
  if (Object.keys(sides).sort().join() !== "minus,plus") return NONE;
  const [plus, minus] = [side(sides.plus, nominal), side(sides.minus, nominal)];
  if (plus === null || minus === null) return NONE;
  return interval(rounded(nominal - minus), rounded(nominal + plus), true);
}

function side(of, nominal) {
  if (isNumber(of)) return of >= 0 ? of : null;
  const percent = typeof of === "string" ? PERCENT.exec(of) : null;
  return percent ? (Math.abs(nominal) * Number(percent[1])) / 100 : null;
}

/** What people reckon with decimal digits, without the rest that binary ones leave: 3.3 V ± 5 % begins at 3.135 V. */
function rounded(of) {
  return Number(of.toPrecision(15));
}
