import { ends } from "./dom.ts";

const THEMED = ["class", "style", "data-jp-theme-light", "data-vscode-theme-kind", "data-theme"];

/** JupyterLab's dark themes set no color-scheme; without it menus, scroll bars and check boxes stay light. */
export function followTheme(host: HTMLElement, panel: HTMLElement, signal: AbortSignal): void {
  const read = () => {
    const scheme = schemeOf(getComputedStyle(panel).backgroundColor);
    if (scheme) host.style.colorScheme = scheme;
  };
  const update = () => {
    host.style.colorScheme = "";
    read();
  };
  const themes = new MutationObserver(update);
  for (const element of [document.documentElement, document.body]) {
    themes.observe(element, { attributeFilter: THEMED });
  }
  // Until it has its place in the page a panel has no background; once it is laid out, reading costs nothing.
  const places = new ResizeObserver(read);
  places.observe(host);
  ends(signal, () => {
    themes.disconnect();
    places.disconnect();
  });
}

/** The scheme that a computed background belongs to; null for a notation we do not read. */
export function schemeOf(background: string): "light" | "dark" | null {
  const parts = /^rgba?\((\d+)\D+(\d+)\D+(\d+)/.exec(background);
  if (!parts) return null;
  const [red, green, blue] = parts.slice(1).map(Number) as [number, number, number];
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128 ? "dark" : "light";
}
