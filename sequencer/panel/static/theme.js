// Before the first paint, and whenever it changes: the theme that this browser chose; without a choice the system's.
{
  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  const apply = () => {
    const dark = chosen ? chosen === "dark" : system.matches;
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  };
  try {
    chosen = localStorage.getItem("hardseq.theme");
  } catch {
    // A browser that keeps nothing follows the system.
  }
  system.addEventListener("change", apply);
  addEventListener("hardseq-theme", ({ detail }) => {
    chosen = detail;
    apply();
  });
  apply();
}
