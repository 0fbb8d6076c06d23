import { button, h, icon, show, text } from "../dom/dom.ts";
import { mountChooser } from "../dom/file_picker.ts";
import type { Parameter } from "../kernel/messages.ts";
import { carriesSettings, type Import } from "../state/recipe_import.ts";
import { say, type View } from "../view/view.ts";
import { addFiles } from "./file_intake.ts";

/** What came of a picture whose settings were to be taken. */
export function mountSettingsNote(view: View): HTMLElement {
  const { store, signal } = view;
  const words = h("p", "grow");
  const undo = button("Undo", "quiet", () => store.recipeImport.undo(), signal);
  const use = button("", "quiet", () => useInstead(), signal);
  const close = icon("remove", "Dismiss", () => store.recipeImport.dismiss(), signal);
  const element = h("div", "drawer", h("div", "drawer-head", words, undo, use, close));
  const useInstead = () => {
    const { last } = store.recipeImport;
    const field = fieldFor(view, last?.file);
    if (!last || !field) return;
    addFiles(view, field, [last.file]);
    store.recipeImport.dismiss();
  };
  view.paint(["uploads", "form"], () => {
    const { last, undoable } = store.recipeImport;
    const field = last?.state === "failed" ? fieldFor(view, last.file) : undefined;
    show(element, last !== null);
    show(undo, undoable);
    show(use, field !== undefined);
    if (field) text(use, `Use it as ${field.label.toLowerCase()}`);
    const sentenceText = last ? sentence(last) : "";
    if (words.textContent !== sentenceText) say(view, words, sentenceText, last?.state === "failed");
  });
  return element;
}

function sentence({ file, state, error }: Import): string {
  if (state === "failed") return `${error}: no settings were taken.`;
  return state === "taken"
    ? `The settings are those of ${file.name}.`
    : `Reading the settings of ${file.name}`;
}

/** The file field that takes a file of this kind. */
export function fieldFor(view: View, file: { type: string } | undefined): Parameter | undefined {
  const family = file?.type.split("/")[0];
  return view.store.values.parameters.find(
    (p) => p.kind === "file" && family !== undefined && (!p.accept || p.accept === family),
  );
}

/** The way there without dragging. */
export function mountSettingsButton(view: View): HTMLElement {
  const { signal } = view;
  const accept = "image/png,image/jpeg,image/webp";
  const chooser = mountChooser(signal, accept, ([file]) => file && view.store.recipeImport.take(file));
  const opener = button("Settings from a picture", "link soft", () => chooser.click(), signal);
  opener.title = "A picture made here carries its settings: choose one, or drop it on the panel.";
  return h("div", "from-picture", opener, chooser);
}

/** Takes the settings of the picture that was dropped or pasted; false when it is none that could carry any. */
export function takePicture({ store }: View, transfer: DataTransfer | null): boolean {
  const [file] = transfer?.files ?? [];
  if (file && carriesSettings(file)) store.recipeImport.take(file);
  return file !== undefined && carriesSettings(file);
}
