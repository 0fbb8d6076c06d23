import { attr, button, h, show, text } from "../dom/dom.ts";
import type { Output } from "../kernel/messages.ts";
import { drawableUrl } from "../state/pictures.ts";
import { saveOutput } from "../view/save_output.ts";
import type { View } from "../view/view.ts";
import type { Shelf } from "./output_order.ts";

const VERBS: Record<string, string> = { video: "Play", audio: "Play", image: "Show", file: "Download" };

/** What is heard, played, or only kept: named and weighed, its bytes asked for when they are wanted. */
export function mountMedia(view: View, shelf: Shelf): HTMLElement {
  const { store, signal } = view;
  const [name, facts] = [h("p"), h("small")];
  const trouble = h("p", { class: "bad", role: "alert" });
  const act = button("", "", () => void fetchOutput(), signal);
  const label = h("div", "plate", name, facts, act, trouble);
  const element = h("div", "media", label);
  let drawnId = "";
  const reset = (id: string) => {
    drawnId = id;
    element.replaceChildren(label);
    text(trouble, "");
    attr(act, "aria-disabled", false);
  };
  const fetchOutput = async () => {
    const { output, current } = shelf;
    if (!output || !current || act.ariaDisabled === "true") return;
    attr(act, "aria-disabled", true);
    const problem = await (current.kind === "file" ? saveOutput(store, output) : play(output, current.kind));
    if (signal.aborted || drawnId !== output.id) return;
    attr(act, "aria-disabled", false);
    text(trouble, problem);
  };
  const play = async (output: Output, kind: string): Promise<string> => {
    const original = await store.originals.get(output.id);
    if (typeof original === "string") return original;
    const src = kind === "image" ? await drawableUrl(original) : original.url;
    if (drawnId === output.id) element.replaceChildren(player(kind, src, output.name));
    element.querySelector<HTMLElement>("video, audio")?.focus();
    return "";
  };
  view.paint(["run", "status", "pictures"], () => {
    const visible = shelf.shows("video", "audio", "image", "file");
    show(element, visible);
    const { output } = shelf;
    if (!visible || !output) return;
    if (output.id !== drawnId) reset(output.id);
    text(name, output.name);
    text(facts, output.facts);
    const verb = VERBS[shelf.current?.kind ?? ""] ?? "";
    text(act, verb);
    attr(act, "aria-label", `${verb} ${output.name}`);
  });
  return element;
}

/** Autoplay, because Play was pressed to have it here. */
function player(kind: string, src: string, name: string): HTMLElement {
  if (kind === "image") return h("img", { src, alt: name });
  return h(kind as "video" | "audio", {
    src,
    controls: true,
    autoplay: true,
    loop: false,
    "aria-label": name,
  });
}
