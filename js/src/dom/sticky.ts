import { h } from "./dom.ts";

// JupyterLab wraps an output in boxes that could scroll and never do: within them nothing sticks to the window.
const RULE =
  ".jp-Cell:not(.jp-mod-outputsScrolled) :is(.jp-OutputArea, .jp-OutputArea-child, .jp-OutputArea-output)" +
  ":has(.wiro-widgets) { overflow: clip }";

/** Lets what is sticky in a panel stick to the window of its notebook; once a page. */
export function letStick(): void {
  const { head } = document;
  if (!head.querySelector("style[data-wiro-sticky]"))
    head.append(h("style", { "data-wiro-sticky": true }, RULE));
}
