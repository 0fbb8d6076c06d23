import { button, ends, h, show, text } from "./dom/dom.ts";
import { keepKeys } from "./dom/keys.ts";
import { mountActions } from "./gallery/actions/actions.ts";
import { mountCount, mountFilterBar } from "./gallery/filter_bar.ts";
import { GalleryStore, type GalleryTopic, type GalleryView } from "./gallery/gallery_store.ts";
import { galleryStyles } from "./gallery/gallery_styles.ts";
import { mountLargeView } from "./gallery/large/large_view.ts";
import { mountWall } from "./gallery/wall.ts";
import { GONE, QUIET } from "./kernel/strings.ts";
import { standFor } from "./panel/static_card.ts";
import { widgetOf } from "./view/afm.ts";
import { createView } from "./view/view.ts";

export default widgetOf(
  "gallery",
  galleryStyles,
  (model: ConstructorParameters<typeof GalleryStore>[0]) => new GalleryStore(model),
  (el, host, store, signal, fail) => {
    const view = createView<GalleryStore, GalleryTopic>(store, signal, fail);
    const section = mountGallery(view, el);
    standFor(el, host, store, (draw) => view.paint(["link"], draw), signal);
    return section;
  },
);

/** The whole gallery. */
function mountGallery(view: GalleryView, el: HTMLElement): HTMLElement {
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
  const { element: place, host } = mountHostedPanel(view, el);
  section.append(head, mountFilterBar(view), trouble, mountActions(view, large, host));
  section.append(mountEmpty(view), mountWall(view, section, large.open), place, large.element, view.voice);
  return section;
}

/** A panel that was opened from here stands beneath the gallery, outside of its shadow, whose styles are not its own. */
function mountHostedPanel(view: GalleryView, el: HTMLElement) {
  const { store, signal } = view;
  const words = h("p", "soft");
  const close = button("Close the panel", "quiet", () => clear(), signal);
  const element = h("div", { class: "hosted", hidden: true }, words, close);
  let panel: HTMLElement | null = null;
  const clear = () => {
    panel?.remove();
    panel = null;
    show(element, false);
  };
  ends(signal, clear);
  const host = async (widget: string) => {
    const made = await store.widget(widget);
    if (signal.aborted) return;
    clear();
    panel = made;
    if (made) el.append(made);
    text(
      words,
      made
        ? "The panel stands beneath the gallery. Nothing is run before you press Run there."
        : "The panel is open: gallery.panels[-1] in a cell of its own shows it.",
    );
    show(close, made !== null);
    show(element, true);
    made?.scrollIntoView({ block: "nearest" });
  };
  return { element, host };
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
