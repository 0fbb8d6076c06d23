import { attr, h, on, show, text } from "../../dom/dom.ts";
import { onKey } from "../../dom/keys.ts";
import { lateModule } from "../../kernel/late_module.ts";
import type { ModuleName } from "../../kernel/messages.ts";
import { isActive } from "../../state/runs.ts";
import type { Store } from "../../state/store.ts";
import type { View } from "../../view/view.ts";
import type { Contents, DrawerModule } from "./drawer_module.ts";

type AboutModule = typeof import("./about.ts");
type AlertsModule = typeof import("./alerts.ts");

/** A drawer whose contents the kernel sends when it is first opened; `instead` stands there if they do not come. */
export function mountLateDrawer(
  view: View,
  name: ModuleName,
  opener: HTMLElement,
  instead = "It cannot be loaded here.",
): HTMLElement {
  const { signal, store } = view;
  const words = h("p", "said");
  const element = h("div", { class: `drawer ${name}-drawer`, hidden: true }, words);
  let contents: Contents | undefined;
  const set = async (open: boolean) => {
    show(element, open, opener);
    attr(opener, "aria-expanded", open);
    if (!open) return;
    if (!contents) {
      const module = await lateModule<DrawerModule>(store.questions, name);
      if (signal.aborted) return;
      if (!module) return text(words, instead);
      contents ??= module.mount(view, () => void set(false));
      element.replaceChildren(h("style", "", module.styles), contents.element);
    }
    if (!element.hidden) contents.open();
  };
  attr(opener, "aria-expanded", false);
  on(opener, "click", () => void set(element.hidden !== false), signal);
  onKey(element, (event) => event.key === "Escape" && void set(false), signal);
  return element;
}

/** A row of example inputs, as soon as the kernel tells of any. */
export function mountExamples(view: View, model: string): HTMLElement {
  const element = h("div", { class: "examples", hidden: true });
  let isAsked = false;
  view.paint(["values"], () => {
    if (isAsked || view.store.examples.length === 0) return;
    isAsked = true;
    void lateModule<AboutModule>(view.store.questions, "about").then(
      (module) => view.signal.aborted || module?.mountExamples(view, element, model),
    );
  });
  return element;
}

/** With the first run the kernel sends what tells of its end to somebody who looks elsewhere. */
export function watchEnds(store: Store): Store {
  let isAsked = false;
  store.topics.on(
    ["status"],
    () => {
      const runs = store.runs.list.filter((run) => isActive(run.status)).map((run) => run.number);
      if (isAsked || runs.length === 0) return;
      isAsked = true;
      const since = performance.now();
      void lateModule<AlertsModule>(store.questions, "alerts").then((module) => {
        isAsked = module !== null;
        module?.watch(store, runs, since);
      });
    },
    new AbortController().signal,
  );
  return store;
}
