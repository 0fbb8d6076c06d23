import { attr, button, h, on, show, text } from "../dom/dom.ts";
import { onKey } from "../dom/keys.ts";
import type { Filters } from "./gallery_messages.ts";
import type { GalleryView } from "./gallery_store.ts";
import { NO_FILTERS } from "./gallery_store.ts";

const PAUSE = 120; // ms after the last letter before the search begins
const COSTS: [label: string, low: number | null, high: number | null][] = [
  ["Any cost", null, null],
  ["Free", null, 0],
  ["Up to $0.01", null, 0.01],
  ["$0.01 to $0.10", 0.01, 0.1],
  ["$0.10 to $1", 0.1, 1],
  ["Over $1", 1, null],
];
const OUTCOMES: Record<string, string> = {
  succeeded: "Succeeded",
  failed: "Failed",
  cancelled: "Stopped",
  running: "Running",
  unknown: "Unknown",
};

/** The search field, which finds while one types, and the filters. */
export function mountFilterBar(view: GalleryView): HTMLElement {
  const { store, signal } = view;
  const search = h("input", {
    type: "text",
    class: "search-field",
    role: "searchbox",
    placeholder: "Search prompts, models, tags and notes",
    "aria-label": "Search prompts, models, tags and notes",
    spellcheck: "false",
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    clearTimeout(timer);
    if (search.value !== store.filters.text) store.find({ text: search.value });
  };
  on(
    search,
    "input",
    () => {
      clearTimeout(timer);
      timer = setTimeout(look, PAUSE);
    },
    signal,
  );
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Enter") look();
    else if (event.key === "Escape" && search.value) {
      search.value = "";
      look();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  onKey(search, keys, signal);

  const model = chooser(view, "Model", (value) => store.find({ models: value ? [value] : [] }));
  const outcome = chooser(view, "Outcome", (value) => store.find({ outcomes: value ? [value] : [] }));
  const tag = chooser(view, "Tag", (value) => store.find({ tags: value ? [value] : [] }));
  const cost = chooser(view, "Cost", (value) => {
    const [, low = null, high = null] = COSTS[Number(value)] ?? [];
    store.find({ low, high });
  });
  const star = button(
    "Starred",
    "filter-star",
    () => store.find({ star: store.filters.star ? null : true }),
    signal,
  );
  const day = (name: "since" | "until", words: string) => {
    const input = h("input", { type: "date", "aria-label": words, title: words });
    on(input, "change", () => store.find({ [name]: input.value }), signal);
    return input;
  };
  const [since, until] = [day("since", "From this day on"), day("until", "Up to this day")];
  const clear = button(
    "Clear",
    "link",
    () => {
      store.find(NO_FILTERS);
      search.focus();
    },
    signal,
  );
  const range = h("span", "range", since, h("span", "soft", "to"), until);
  const row = h(
    "div",
    "filters",
    model.element,
    outcome.element,
    tag.element,
    cost.element,
    range,
    star,
    clear,
  );
  const fold = button("Filters", "fold", () => unfold(), signal); // seen where there is little room
  const unfold = () => attr(fold, "aria-expanded", row.classList.toggle("unfolded"));
  attr(fold, "aria-expanded", false);
  view.paint(["choices", "listing"], () => {
    const { filters, choices } = store;
    model.draw(
      [
        ["", "All models"],
        ...choices.models.map(([name, count]): [string, string] => [name, `${name} (${count})`]),
      ],
      filters.models[0] ?? "",
    );
    outcome.draw([["", "Any outcome"], ...Object.entries(OUTCOMES)], filters.outcomes[0] ?? "");
    tag.draw(
      [["", "Any tag"], ...choices.tags.map((name): [string, string] => [name, name])],
      filters.tags[0] ?? "",
    );
    show(tag.element, choices.tags.length > 0 || filters.tags.length > 0);
    const at = COSTS.findIndex(([, low, high]) => low === filters.low && high === filters.high);
    cost.draw(
      COSTS.map(([label], place) => [place === 0 ? "" : String(place), label]),
      at > 0 ? String(at) : "",
    );
    attr(star, "aria-pressed", filters.star === true);
    if (search !== (search.getRootNode() as ShadowRoot).activeElement) search.value = filters.text;
    since.value = filters.since;
    until.value = filters.until;
    show(clear, store.filtered, search);
    const active = countOf(filters);
    text(fold, active > 0 ? `Filters · ${active}` : "Filters");
    attr(fold, "aria-label", active > 0 ? `Filters, ${active} active` : null);
    fold.classList.toggle("chosen-filter", active > 0);
  });
  return h("div", { class: "find", role: "search" }, search, fold, row);
}

/** How many filters narrow the list, beside the words that are looked for. */
function countOf({ models, outcomes, tags, star, since, until, low, high }: Filters): number {
  const active = [models[0], outcomes[0], tags[0], star, since, until, low !== null || high !== null];
  return active.filter(Boolean).length;
}

interface Chooser {
  element: HTMLElement;
  draw(options: [value: string, label: string][], current: string): void;
}

function chooser({ signal }: GalleryView, name: string, choose: (value: string) => void): Chooser {
  const select = h("select", { "aria-label": name });
  on(select, "change", () => choose(select.value), signal);
  const element = h("div", "select", select);
  let drawnKey = "";
  return {
    element,
    draw: (options, current) => {
      if (!options.some(([value]) => value === current)) options.push([current, current]);
      const key = JSON.stringify(options);
      if (key !== drawnKey)
        select.replaceChildren(...options.map(([value, label]) => h("option", { value }, label)));
      drawnKey = key;
      select.value = current;
      element.classList.toggle("chosen-filter", current !== "");
    },
  };
}

/** How many runs there are, and what is said of them. */
export function mountCount(view: GalleryView): HTMLElement {
  const { store } = view;
  const element = h("p", { class: "count soft", role: "status" });
  view.paint(["listing", "link"], () => {
    const { count, whole, searching, listing, error, notes } = store;
    const runs = `${count.toLocaleString("en")}${whole ? "" : "+"} ${count === 1 ? "run" : "runs"}`;
    const words = error || (listing === 0 ? "Looking" : [runs, ...notes].join(" · "));
    if (!searching || listing === 0) text(element, words);
    element.classList.toggle("bad", error !== "");
  });
  return element;
}
