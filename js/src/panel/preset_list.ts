import { attr, button, h, on, show, text } from "../dom/dom.ts";
import { onKey } from "../dom/keys.ts";
import type { PresetItem, PresetMessage, Scalar } from "../kernel/messages.ts";
import { say, type View } from "../view/view.ts";
import type { Contents } from "./late/drawer_module.ts";
import own from "./preset_list.css";

export const styles = own;

/** The presets of the model: each is loaded by its name, and can be the default, renamed and deleted. */
export function mount(view: View, shut: () => void): Contents {
  const { store, signal } = view;
  const words = h("p", "grow");
  let before: Record<string, Scalar> = {};
  let names: string[] = [];
  const undo = button("Undo", "quiet", () => takeBack(), signal);
  const close = button("Close", "quiet", shut, signal);
  const list = h("ul");
  const name = h("input", {
    type: "text",
    maxlength: 80,
    autocomplete: "off",
    placeholder: "Name for the values of all controls",
    "aria-label": "Name of a new preset",
  });
  const save = button("Save", "", () => void act("save", name.value), signal);
  const element = h(
    "div",
    "presets",
    h("div", "drawer-head", words, undo, close),
    list,
    h("div", "with-button", name, save),
  );
  const open = () => {
    show(undo, false);
    void act("list");
    name.focus();
  };
  const act = async (action: PresetMessage["action"], which = "", to = "") => {
    store.values.flush();
    const values = store.values.plain();
    const answer = await store.questions.ask({ type: "preset", action, name: which, to });
    if (signal.aborted) return;
    if (answer.error === null) draw(answer.presets ?? []);
    const sentence = { load: `The controls are those of ${which}.`, save: `${which.trim()} is saved.` };
    const none = names.length ? "" : "No presets yet. {prompt} in a text stands for the prompt in its field.";
    const what = sentence[action as "load"] ?? none;
    say(view, words, answer.error ?? what, answer.error !== null);
    if (answer.error === null && action === "save") name.value = "";
    if (answer.error === null && action === "load") before = values;
    show(undo, answer.error === null && action === "load", name);
    label();
  };
  const takeBack = () => {
    for (const [id, value] of Object.entries(before)) store.values.edit(id, value);
    say(view, words, "");
    show(undo, false, name);
  };
  const label = () => text(save, names.includes(name.value.trim()) ? "Replace" : "Save");
  const draw = (presets: PresetItem[]) => {
    const inside = list.matches(":focus-within");
    names = presets.map((one) => one.name);
    list.replaceChildren(...presets.map(line));
    if (inside) name.focus();
  };
  const line = (preset: PresetItem): HTMLElement => {
    const own = preset.name;
    const loader = button("", "quiet show", () => void act("load", own), signal);
    loader.append(h("span", "snippet", own), h("span", "soft", preset.is_style ? "style" : ""));
    loader.title = "Load";
    const rename = button("Rename", "quiet", () => edit(), signal);
    const remove = button("Delete", "quiet", () => drop(), signal);
    const first = button("Default", "quiet", () => void act("default", own), signal);
    first.title = "New panels of this model begin with it";
    attr(first, "aria-pressed", preset.is_default);
    show(first, !preset.is_style);
    for (const [one, verb] of [
      [rename, "Rename"],
      [remove, "Delete"],
      [first, "Default:"],
    ] as const)
      attr(one, "aria-label", `${verb} ${own}`);
    const drop = () => {
      if (remove.textContent === "Delete?") return void act("delete", own);
      text(remove, "Delete?");
      attr(remove, "aria-label", `Delete ${own}? Press again`);
      say(view, words, `Press Delete once more to delete ${own}.`);
    };
    on(remove, "blur", () => text(remove, "Delete"), signal);
    const edit = () => {
      const input = h("input", { type: "text", maxlength: 80, "aria-label": `New name of ${own}` });
      input.value = own;
      loader.replaceWith(input);
      input.select();
      const end = (to: string) => {
        input.replaceWith(loader);
        if (to && to !== own) void act("rename", own, to);
      };
      onKey(
        input,
        (event) => {
          if (event.key !== "Enter" && event.key !== "Escape") return;
          event.stopPropagation();
          event.preventDefault(); // the key would press the button that gets the focus
          end(event.key === "Enter" ? input.value.trim() : "");
          loader.focus();
        },
        signal,
      );
    };
    return h("li", "", loader, first, rename, remove);
  };
  on(name, "input", label, signal);
  onKey(name, (event) => event.key === "Enter" && name.value.trim() && void act("save", name.value), signal);
  return { element, open };
}
