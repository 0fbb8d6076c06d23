import type { Store } from "./store.ts";
import type { View } from "./view.ts";

const MARK = "data-wiro-live";

/** Says that a view lives here, and hides the static card that stands for it where none can (see fallback.py). */
export function standFor(el: HTMLElement, view: View): void {
  const { store, signal } = view;
  let seen = "";
  view.paint(["link", "status"], () => {
    const key = `${store.link.state} ${store.run?.number} ${store.status}`;
    if (key === seen) return;
    seen = key;
    mark(el, store, store.link.state !== "lost");
  });
  signal.addEventListener("abort", () => mark(el, store, false), { once: true });
}

function mark(el: HTMLElement, { cardId }: Store, lives: boolean): void {
  if (lives) el.setAttribute(MARK, cardId);
  else el.removeAttribute(MARK);
  if (!cardId) return;
  const id = CSS.escape(cardId);
  // Another view of the same panel may live on, in another cell.
  const hidden = document.querySelector(`[${MARK}="${id}"]`) !== null;
  for (const card of document.querySelectorAll<HTMLElement>(`.wiro-card[data-card="${id}"]`)) {
    card.hidden = hidden;
  }
}
