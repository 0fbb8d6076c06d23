import { attr, h, show, text } from "../dom/dom.ts";
import { count } from "../dom/format.ts";
import type { Card } from "./gallery_messages.ts";
import type { GalleryStore } from "./gallery_store.ts";

const SIGNS: Record<string, string> = { video: "▶", audio: "♪", file: "▤" };

export interface CardElement {
  element: HTMLElement;
  draw(card: Card | null | undefined, place: number): void;
}

/** The id of a card's first output. */
export function firstOutput(card: Card): string {
  return `${card.id}/0`;
}

/** Whether a card waits for a small picture. */
export function wantsPicture(card: Card): boolean {
  return card.kind === "picture" || (card.kind === "video" && card.count > 0);
}

/** One run as a card: its picture, or what it says. Whatever it is made of comes as text. */
export function mountCard(store: GalleryStore): CardElement {
  const image = h("img", { alt: "", draggable: "false" });
  const words = h("span", "words");
  const sign = h("i", "sign");
  const star = h("i", "starred");
  const number = h("i", "number");
  const tick = h("i", "tick");
  const face = h("span", { class: "face", "aria-hidden": true }, image, words, sign, star, number, tick);
  const caption = h("span", { class: "title", "aria-hidden": true });
  const spoken = h("span", "unseen");
  const element = h("div", { role: "option", class: "card" }, face, caption, spoken);
  let drawnUrl = "";
  return {
    element,
    draw: (card, place) => {
      attr(element, "aria-setsize", store.count);
      attr(element, "aria-posinset", place + 1);
      element.classList.toggle("empty", !card);
      attr(element, "aria-selected", card ? store.selection.has(card.id) : false);
      element.classList.toggle("focused", store.selection.focus === place);
      const id = card ? firstOutput(card) : "";
      const missing = card && wantsPicture(card) ? store.missing.get(id) : undefined;
      const picture = card ? store.pictures.get("thumb", id) : undefined;
      const url = picture?.url ?? "";
      if (url !== drawnUrl) attr(image, "src", url || null);
      drawnUrl = url;
      show(image, url !== "");
      attr(element, "draggable", card && card.count > 0 && !missing ? "true" : null);
      text(caption, card?.prompt || card?.model || "");
      text(words, card && !picture ? faceWords(card, missing) : "");
      words.classList.toggle("bad", card?.outcome === "failed" || Boolean(missing));
      text(sign, (card && SIGNS[card.kind]) || "");
      show(sign, Boolean(card && SIGNS[card.kind]));
      sign.classList.toggle("large-sign", !picture);
      show(star, Boolean(card?.star));
      show(number, (card?.count ?? 0) > 1);
      text(number, String(card?.count ?? ""));
      text(spoken, card ? label(card, missing) : card === null ? "A run that is gone" : "Loading");
      attr(
        element,
        "title",
        card
          ? [card.prompt, card.model, card.price, missing && `The file ${missing}`].filter(Boolean).join("\n")
          : null,
      );
    },
  };
}

/** What stands where there is no picture. */
function faceWords(card: Card, missing: string | undefined): string {
  if (missing) return "File missing";
  if (card.outcome !== "succeeded") return [card.word, card.text].filter(Boolean).join("\n");
  if (card.kind === "text") return card.text;
  return card.kind === "none" ? "No result" : "";
}

/** What is heard of a card. */
function label(card: Card, missing: string | undefined): string {
  const outputs = card.count > 1 ? count(card.count, "output") : "";
  const kind = ["video", "audio", "text"].includes(card.kind) ? card.kind : "";
  const parts = [card.prompt || "Without a prompt", kind, card.model, card.time];
  parts.push(card.word, outputs, card.price);
  if (card.star) parts.push("starred");
  if (card.tags.length > 0) parts.push(card.tags.join(", "));
  if (missing) parts.push("file missing");
  return parts.filter(Boolean).join(", ");
}
