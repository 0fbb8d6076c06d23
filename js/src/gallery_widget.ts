import { mountGallery } from "./gallery/gallery_section.ts";
import { GalleryStore, type GalleryTopic } from "./gallery/gallery_store.ts";
import { galleryStyles } from "./gallery/gallery_styles.ts";
import { standFor } from "./panel/static_card.ts";
import { widgetOf } from "./view/afm.ts";
import { createView } from "./view/view.ts";

export default widgetOf(
  "gallery",
  galleryStyles,
  (model: ConstructorParameters<typeof GalleryStore>[0]) => new GalleryStore(model),
  (el, host, store, signal, fail) => {
    const view = createView<GalleryStore, GalleryTopic>(store, signal, fail);
    const section = mountGallery(view);
    standFor(el, host, store, (draw) => view.paint(["link"], draw), signal);
    return section;
  },
);
