type Attributes = Record<string, string | number | boolean | null>;

/** An element with attributes and children; texts become text nodes, never markup. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) attr(element, name, value);
  element.append(...children);
  return element;
}

export function attr(element: Element, name: string, value: string | number | boolean | null): void {
  if (value === null || value === false) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? "" : String(value));
}

export function on<K extends keyof HTMLElementEventMap>(
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

/** Shows or hides without moving focus into the void. */
export function show(element: HTMLElement, visible: boolean): void {
  if (element.hidden === visible) element.hidden = !visible;
}

/** An address the panel may follow: encrypted, our own bytes, or this machine. */
export function safeUrl(address: string): string | null {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  const loopback = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  const allowed =
    url.protocol === "https:" || url.protocol === "blob:" || (url.protocol === "http:" && loopback);
  return allowed ? url.href : null;
}
