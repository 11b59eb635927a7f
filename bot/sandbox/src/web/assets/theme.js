// Light or dark: what the person chose, else what the system says. It runs before the first paint.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  const stored = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null;
    }
  };

  const apply = () => {
    root.dataset.theme = stored() ?? (system.matches ? "dark" : "light");
  };

  const toggle = () => {
    const next = root.dataset.theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("theme", next);
    } catch {
      // Storage is off: the choice holds for this page only.
    }
    root.dataset.theme = next;
  };

  apply();
  system.addEventListener("change", apply);
  addEventListener("storage", (event) => event.key === "theme" && apply());
  addEventListener("DOMContentLoaded", () => {
    document.getElementById("theme-toggle").addEventListener("click", toggle);
  });
})();
