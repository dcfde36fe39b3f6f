// Before the first paint, and whenever it changes: the theme that this browser chose; without a choice the system's, and where
// the system forces its colours, they decide.
{
  const system = matchMedia("(prefers-color-scheme: dark)");
  const forced = matchMedia("(forced-colors: active)");
  let chosen = null;
  const apply = () => {
    const dark = chosen && !forced.matches ? chosen === "dark" : system.matches;
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  };
  try {
    chosen = localStorage.getItem("hardseq.theme");
  } catch {
    // A browser that keeps nothing follows the system.
  }
  for (const query of [system, forced]) query.addEventListener("change", apply);
  addEventListener("hardseq-theme", ({ detail }) => {
    chosen = detail;
    apply();
  });
  apply();
}
