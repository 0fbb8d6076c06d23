import { attr, ends, h, on, show } from "../dom/dom.ts";
import { onKey } from "../dom/keys.ts";
import { randomId } from "../kernel/host.ts";
import { asFile, type Dragged, offerDrag } from "../view/dragged.ts";
import { type CardElement, firstOutput, mountCard, wantsPicture } from "./card.ts";
import type { GalleryView } from "./gallery_store.ts";
import { HEADING, Layout, type Section } from "./layout.ts";
import { ScrollMap } from "./scroll_map.ts";

const LEAST = 148; // px, the side of a card at least
const MARGIN = 300; // px above and below the window that are drawn too

interface Day {
  element: HTMLElement;
  heading: HTMLElement;
  cards: Map<number, CardElement>;
}

/** The runs as cards, of which only those in sight are there; one stop of Tab, and arrow keys go from card to card. */
export function mountWall(
  view: GalleryView,
  section: HTMLElement,
  open: (place: number) => void,
): HTMLElement {
  const { store, signal } = view;
  const { selection } = store;
  const space = h("div", { class: "space", role: "presentation" });
  const wall = h("div", { class: "wall", role: "listbox", tabindex: 0 }, space);
  attr(wall, "aria-multiselectable", true);
  const prefix = `card-${randomId()}-`;
  const map = new ScrollMap();
  const days = new Map<string, Day>();
  let layout = new Layout([], 1, LEAST);
  let layoutKey = "";

  const lay = () => {
    const width = Math.max(1, space.clientWidth);
    const key = `${store.listing} ${store.whole} ${width}`;
    if (key !== layoutKey) {
      const first = layout.placeAt(map.at + HEADING);
      const within = map.at - layout.box(first).top;
      const isTop = map.at === 0 || store.anchor === "top";
      const place = typeof store.anchor === "number" ? store.anchor : first;
      layout = new Layout(store.days, width, LEAST);
      map.resize(layout.height, wall.clientHeight);
      layoutKey = key;
      store.anchor = null;
      scrollTo(isTop ? 0 : layout.box(place).top + within);
    }
    map.resize(layout.height, wall.clientHeight);
  };
  const scrollTo = (at: number) => {
    const top = map.goTo(at);
    space.style.height = `${map.drawnHeight}px`;
    wall.scrollTop = top;
  };
  /** Draws a day before what follows it: what is read out has the order of the list. */
  const drawSection = (section: Section, next: Node | null): Node => {
    const day = days.get(section.day) ?? makeDay(section.day);
    if (!day.element.isConnected || day.element.nextSibling !== next) space.insertBefore(day.element, next);
    day.element.style.top = `${section.top + map.shift}px`;
    day.element.style.height = `${section.height}px`;
    for (const [place, card] of day.cards) {
      if (place >= section.from && place < section.to) continue;
      card.element.remove();
      day.cards.delete(place);
    }
    let following: Node | null = null;
    for (let place = section.to - 1; place >= section.from; place--) {
      let card = day.cards.get(place);
      if (!card) {
        card = mountCard(store);
        card.element.id = prefix + place;
        card.element.dataset.place = String(place);
        day.cards.set(place, card);
        day.element.insertBefore(card.element, following);
      }
      following = card.element;
      const box = layout.box(place);
      Object.assign(card.element.style, {
        left: `${box.left}px`,
        top: `${box.top - section.top}px`,
        width: `${box.width}px`,
        height: `${box.height}px`,
      });
      card.draw(store.card(place), place);
    }
    return day.element;
  };
  const makeDay = (iso: string): Day => {
    const heading = h("div", { class: "day-name", "aria-hidden": true }, dayName(iso));
    const element = h("div", { class: "day", role: "group", "aria-label": dayName(iso) }, heading);
    const day = { element, heading, cards: new Map() };
    days.set(iso, day);
    return day;
  };
  const draw = () => {
    lay();
    const sections = layout.between(map.at - MARGIN, map.at + map.window + MARGIN);
    const drawn = new Set(sections.map((section) => section.day));
    for (const [iso, day] of days) {
      if (drawn.has(iso)) continue;
      day.element.remove();
      days.delete(iso);
    }
    const ids: string[] = [];
    let next: Node | null = null;
    for (const section of sections.toReversed()) next = drawSection(section, next);
    store.need("wall", sections[0]?.from ?? 0, sections.at(-1)?.to ?? 0);
    for (const section of sections) {
      for (let place = section.from; place < section.to; place++) {
        const card = store.card(place);
        if (card && wantsPicture(card)) ids.push(firstOutput(card));
      }
    }
    store.show(ids);
    attr(wall, "aria-label", `Runs, ${store.count.toLocaleString("en")}`);
    const focused = wall.querySelector(`#${prefix}${selection.focus}`);
    attr(wall, "aria-activedescendant", focused ? focused.id : null);
    show(wall, store.count > 0);
  };
  const reveal = (place: number) => {
    const box = layout.box(place);
    const [top, bottom] = [box.top - HEADING, box.top + box.height + 8];
    if (top < map.at) scrollTo(top);
    else if (bottom > map.at + map.window) scrollTo(bottom - map.window);
  };

  const select = async (place: number, how: "one" | "range" | "toggle") => {
    selection.focus = place;
    if (how === "range") {
      const [from, to] = [Math.min(selection.anchor, place), Math.max(selection.anchor, place) + 1];
      selection.set(await store.idsBetween(from, to));
      return;
    }
    selection.anchor = place;
    const id = store.card(place)?.id;
    if (id === undefined) selection.moveTo(place);
    else if (how === "toggle") selection.toggle(id);
    else selection.set([id]);
    view.schedule(draw);
  };
  const placeOf = (event: Event): number | null => {
    const card = (event.target as Element).closest<HTMLElement>(".card");
    return card ? Number(card.dataset.place) : null;
  };
  const click = (event: MouseEvent) => {
    const place = placeOf(event);
    if (place === null) return selection.set([]);
    void select(place, event.shiftKey ? "range" : event.ctrlKey || event.metaKey ? "toggle" : "one");
  };
  on(wall, "click", click, signal);
  on(wall, "dblclick", (event) => placeOf(event) !== null && open(placeOf(event) as number), signal);
  const go = (place: number, event: KeyboardEvent) => {
    const next = Math.min(store.count - 1, Math.max(0, place));
    reveal(next);
    draw();
    if (event.ctrlKey || event.metaKey) selection.moveTo(next);
    else void select(next, event.shiftKey ? "range" : "one");
  };
  /** By keyboard, or back from the large view, where it has gone on. */
  const focus = () => {
    if (!wall.matches(":focus-visible") || store.count === 0) return;
    reveal(selection.focus);
    draw();
  };
  on(wall, "focus", focus, signal);
  const keys = (event: KeyboardEvent) => {
    const { focus } = selection;
    const page = Math.max(1, Math.floor(map.window / layout.rowHeight));
    const down = (rows: number) => {
      let place = focus;
      for (let row = 0; row < Math.abs(rows); row++) place = layout.vertical(place, Math.sign(rows));
      return place;
    };
    const moves: Record<string, () => number> = {
      ArrowLeft: () => focus - 1,
      ArrowRight: () => focus + 1,
      ArrowUp: () => down(-1),
      ArrowDown: () => down(1),
      PageUp: () => down(-page),
      PageDown: () => down(page),
      Home: () => 0,
      End: () => store.count - 1,
    };
    const move = moves[event.key];
    if (move) go(move(), event);
    else if (event.key === " ") void select(focus, "toggle");
    else if (event.key === "Enter") open(focus);
    else if (event.key === "Escape" && selection.size > 0) selection.set([]);
    else if (event.key === "a" && (event.ctrlKey || event.metaKey))
      void store.idsBetween(0, store.count).then((ids) => selection.set(ids));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  onKey(wall, keys, signal);
  const dragOf = (event: Event): Dragged | null => {
    const card = store.card(placeOf(event) ?? -1);
    if (!card) return null;
    const facts = { content_type: "", size: null, width: null, height: null, text: null, facts: "" };
    return {
      owner: store,
      output: { id: firstOutput(card), name: card.prompt, ...facts },
      handOver: async (panel, field) =>
        (await store.questions.ask({ type: "use", id: card.id, place: null, panel, field })).text,
      file: async () => asFile(await store.originals.get(firstOutput(card))),
    };
  };
  offerDrag(wall, dragOf, signal);
  const scrolled = () => {
    const to = map.scrolled(wall.scrollTop);
    if (to !== null) wall.scrollTop = to;
    view.schedule(draw);
  };
  on(wall, "scroll", scrolled, signal);
  const observer = new ResizeObserver(() => view.schedule(draw));
  observer.observe(wall);
  ends(signal, () => observer.disconnect());
  view.paint(["listing", "cards", "pictures", "selection"], draw);
  watch(view, section, () => layout.placeAt(map.at + HEADING));
  return wall;
}

/** Asks whether there is anything new, as long as somebody can see the gallery: without runs there is no wall yet. */
function watch({ store, signal }: GalleryView, section: HTMLElement, anchor: () => number): void {
  let visible = false;
  const observer = new IntersectionObserver(([entry]) => {
    visible = entry?.isIntersecting ?? false;
  });
  observer.observe(section);
  const timer = setInterval(() => visible && !document.hidden && store.look(anchor()), 1_000);
  ends(signal, () => {
    observer.disconnect();
    clearInterval(timer);
  });
}

/** "Saturday, 2 May 2026", and "Today" where it is. */
function dayName(iso: string): string {
  const today = new Date();
  const local = new Date(today.getTime() - today.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
  if (iso === local) return "Today";
  const date = new Date(`${iso}T12:00:00`);
  return date.toLocaleDateString("en-GB", {
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
  });
}
