import { button, h, show } from "./dom.ts";
import { bytes } from "./format.ts";
import type { Output } from "./messages.ts";
import type { View } from "./view.ts";
import { saveOutput } from "./viewer.ts";

/** What is no picture: named, weighed, and saved on request. */
export function mountOutputs(view: View): HTMLElement {
  const { store } = view;
  const list = h("ul", { class: "outputs", "aria-label": "Files" });
  const wanted = new Set<string>();
  let drawn = "";
  const save = (id: string) => {
    wanted.add(id);
    store.requestImage(id);
    deliver();
  };
  const deliver = () => {
    for (const id of [...wanted]) {
      if (!store.pictures.get("full", id)) continue;
      wanted.delete(id);
      saveOutput(store, id);
    }
  };
  view.paint(["run", "pictures"], () => {
    const files = (store.run?.outputs ?? []).filter(isFile);
    const key = files.map((output) => output.id).join();
    if (key !== drawn) list.replaceChildren(...files.map((output) => drawOutput(view, output, save)));
    drawn = key;
    show(list, files.length > 0);
    deliver();
  });
  return list;
}

/** "raw" is a language model's answer, which is shown as text. */
function isFile(output: Output): boolean {
  return !output.content_type.startsWith("image/") && output.content_type !== "raw";
}

function drawOutput(view: View, output: Output, save: (id: string) => void): HTMLElement {
  const facts = [output.content_type, output.size === null ? null : bytes(output.size)]
    .filter(Boolean)
    .join(" · ");
  const saver = button("Download", "quiet", () => save(output.id), view.signal);
  saver.setAttribute("aria-label", `Download ${output.name}`);
  return h("li", {}, h("div", { class: "facts" }, h("p", {}, output.name), h("small", {}, facts)), saver);
}
