import { h, text } from "../../dom/dom.ts";
import { lateModule } from "../../kernel/late_module.ts";
import type { GalleryView } from "../gallery_store.ts";

type Writer = typeof import("../../stage/markdown.ts");

/** Draws answers of language models from their Markdown, as plain text until the writer is here. */
export function answerText({ store }: GalleryView): (words: string) => HTMLElement {
  let module: Promise<Writer | null> | null = null;
  return (words) => {
    const body = h("div", "words", words);
    const element = h("div", { class: "answer", tabindex: 0, role: "region", "aria-label": "Answer" }, body);
    module ??= lateModule<Writer>(store.questions, "markdown");
    void module.then((writer) => {
      if (!writer) return;
      text(body, "");
      element.append(h("style", "", writer.styles));
      writer.drawMarkdown(body, words);
    });
    return element;
  };
}
