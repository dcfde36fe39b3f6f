// Before the first paint: the theme that this browser chose last; without a choice the system's.
{
  let theme = null;
  try {
    theme = localStorage.getItem("hardseq.theme");
  } catch {
    // A browser that keeps nothing follows the system.
  }
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
}
