import { h, show, text } from "../dom/dom.ts";
import { keepKeys } from "../dom/keys.ts";
import { GONE, QUIET } from "../kernel/strings.ts";
import { mountActions } from "./actions.ts";
import { mountCount, mountFilterBar } from "./filter_bar.ts";
import type { GalleryView } from "./gallery_store.ts";
import { mountLargeView } from "./large_view.ts";
import { mountWall } from "./wall.ts";

/** The whole gallery. */
export function mountGallery(view: GalleryView): HTMLElement {
  const { store, signal } = view;
  const section = h("section", { class: "panel gallery", tabindex: -1, "aria-label": "Wiro gallery" });
  keepKeys(section, signal);
  const { query, sandbox } = store.facts;
  const name = h("span", "model", "Gallery");
  const head = h("header", "", name, h("span", "owner", query ?? ""), h("span", "spring"));
  if (sandbox) head.append(h("span", "tag", "Sandbox"));
  head.append(mountCount(view));
  const trouble = h("p", { class: "trouble-line", role: "alert" });
  view.paint(["link"], () => {
    const { state } = store.link;
    text(trouble, state === "lost" ? GONE : state === "waiting" ? QUIET : "");
    show(trouble, state !== "ok");
  });
  const large = mountLargeView(view);
  section.append(head, mountFilterBar(view), trouble, mountActions(view, large));
  section.append(mountEmpty(view), mountWall(view, large.open), large.element, view.voice);
  return section;
}

/** What stands where the cards would. */
function mountEmpty(view: GalleryView): HTMLElement {
  const { store } = view;
  const [title, words] = [h("strong"), h("p", "soft")];
  const element = h("div", "nothing", title, words);
  view.paint(["listing"], () => {
    show(element, store.listing > 0 && store.count === 0 && !store.searching);
    text(title, store.filtered ? "No run matches" : "No run yet");
    text(
      words,
      store.filtered
        ? "Change the search or the filters."
        : "What you run with this client appears here, from every notebook that shares its journal.",
    );
  });
  return element;
}
