type Attributes = Record<string, string | number | boolean | null>;

/** An element with a class, or with attributes, and children; texts become text nodes, never markup. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes | string = "",
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (attributes && typeof attributes === "string") element.className = attributes;
  else for (const [name, value] of Object.entries(attributes)) attr(element, name, value);
  element.append(...children);
  return element;
}

/** A boolean is there or not, but for aria's own, which say true or false. */
export function attr(element: Element, name: string, value: string | number | boolean | null): void {
  const flag = typeof value === "boolean" && !name.startsWith("aria-");
  if (value === null || (flag && !value)) element.removeAttribute(name);
  else element.setAttribute(name, flag ? "" : String(value));
}

/** What is to be let go with the signal. */
export function ends(signal: AbortSignal, act: () => void): void {
  signal.addEventListener("abort", act, { once: true });
}

/** Any event but those of keys, which `onKey` hears. */
export function on<K extends Exclude<keyof HTMLElementEventMap, `key${string}`>>(
  element: HTMLElement,
  event: K,
  listener: (event: HTMLElementEventMap[K]) => void,
  signal: AbortSignal,
): void {
  element.addEventListener(event, listener, { signal });
}

export function button(
  label: string,
  className: string,
  act: () => void,
  signal: AbortSignal,
): HTMLButtonElement {
  const element = h("button", { type: "button", class: className }, label);
  on(element, "click", act, signal);
  return element;
}

/** Text changes only when it differs: a live region speaks at every write. */
export function text(element: Element, value: string): void {
  if (element.textContent !== value) element.textContent = value;
}

/** Shows or hides; the focus never falls into the void but to `next`, or to the panel around. */
export function show(element: HTMLElement, visible: boolean, next?: HTMLElement): void {
  if (element.hidden !== visible) return;
  const focused = !visible && element.matches(":focus-within");
  if (focused) (next ?? element.closest<HTMLElement>("section"))?.focus();
  element.hidden = !visible;
}

/** A button that is a sign; its words are heard and shown on hover. */
export function icon(name: string, words: string, act: () => void, signal: AbortSignal): HTMLButtonElement {
  const element = button("", `quiet icon ${name}`, act, signal);
  attr(element, "aria-label", words);
  attr(element, "title", words);
  return element;
}

/** Keys go between the elements of a group as one stop of Tab. */
export function rove(all: HTMLElement[], current: HTMLElement | undefined): void {
  for (const one of all) one.tabIndex = one === (current ?? all[0]) ? 0 : -1;
}

/** An address the panel may follow: encrypted, or this machine; none that belongs to the notebook's own page. */
export function safeUrl(address: string): string | null {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  const loopback = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  const allowed = url.protocol === "https:" || (url.protocol === "http:" && loopback);
  return allowed ? url.href : null;
}
