import { ends } from "../dom/dom.ts";
import type { Link } from "../kernel/link.ts";

const MARK = "data-wiro-live";

/** What a card stands for; it is drawn anew when the key changes. */
interface Standing {
  link: Pick<Link, "state" | "hasAnswered">;
  cardId: string;
  cardKey: string;
}

/**
 * Says that a view lives here, and hides the static card that stands for it where none can (see static_card.py).
 * Where no kernel ever answered, as in an exported page, the view gives way to its card instead.
 */
export function standFor(
  el: HTMLElement,
  host: HTMLElement,
  store: Standing,
  watch: (draw: () => void) => void,
  signal: AbortSignal,
): void {
  let drawnKey = "";
  watch(() => {
    const { link, cardKey } = store;
    const key = `${link.state} ${link.hasAnswered} ${cardKey}`;
    if (key === drawnKey) return;
    drawnKey = key;
    const lives = link.hasAnswered || link.state === "ok";
    host.hidden = !lives && cards(store).length > 0;
    mark(el, store, lives);
  });
  ends(signal, () => mark(el, store, false));
}

function mark(el: HTMLElement, store: Standing, lives: boolean): void {
  if (lives) el.setAttribute(MARK, store.cardId);
  else el.removeAttribute(MARK);
  // Another view of the same panel may live on, in another cell.
  const hidden = document.querySelector(`[${MARK}="${CSS.escape(store.cardId)}"]`) !== null;
  for (const card of cards(store)) card.hidden = hidden;
}

function cards({ cardId }: Standing): HTMLElement[] {
  if (!cardId) return [];
  return [...document.querySelectorAll<HTMLElement>(`.wiro-card[data-card="${CSS.escape(cardId)}"]`)];
}
