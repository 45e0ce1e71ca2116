// Light, dark, or as the system has it; remembered on this machine.

const STORE = "skytwin.theme";

/** `system`, `light` or `dark`. */
export const theme = () => localStorage.getItem(STORE) ?? "system";

/** Uses a theme from now on. */
export function useTheme(wanted) {
  if (wanted === "system") localStorage.removeItem(STORE);
  else localStorage.setItem(STORE, wanted);
  show();
}

function show() {
  if (theme() === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme();
}

show();
