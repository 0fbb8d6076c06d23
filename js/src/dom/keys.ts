/**
 * Hears the keys of an element, the only way to do so: none that an input method takes. Its Enter ends a composition
 * and its Escape discards one; Safari tells so by the key code alone, after the composition has ended.
 */
export function onKey(element: HTMLElement, act: (event: KeyboardEvent) => void, signal: AbortSignal): void {
  element.addEventListener("keydown", (event) => isComposing(event) || act(event), { signal });
}

export function onKeyUp(element: HTMLElement, act: () => void, signal: AbortSignal): void {
  element.addEventListener("keyup", (event) => isComposing(event) || act(), { signal });
}

function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}

/** In a notebook a key pressed on a button would otherwise insert cells; this is true of every key. */
export function keepKeys(element: HTMLElement, signal: AbortSignal): void {
  element.addEventListener("keydown", (event) => event.stopPropagation(), { signal });
}
