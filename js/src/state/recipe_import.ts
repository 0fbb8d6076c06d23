import type { Scalar } from "../kernel/messages.ts";
import { LARGEST, type Uploads } from "./uploads.ts";
import type { Values } from "./values.ts";

const FIELD = "*recipe";
const KINDS = ["image/png", "image/jpeg", "image/webp"];

export interface Import {
  file: File;
  state: "reading" | "taken" | "failed";
  error: string | null;
}

/** A picture's settings: the file goes up to be read for its recipe, and the controls follow what it says. */
export class RecipeImport {
  last: Import | null = null;
  readonly #uploads: Uploads;
  readonly #values: Values;
  readonly #onChange: () => void;
  #before: Record<string, Scalar> = {};
  #model: string | undefined;

  constructor(uploads: Uploads, values: Values, onChange: () => void) {
    this.#uploads = uploads;
    this.#values = values;
    this.#onChange = onChange;
  }

  take(file: File): void {
    const current: Import = { file, state: "reading", error: null };
    this.last = current;
    this.#before = this.#values.plain();
    this.#model = this.#values.form?.model;
    this.#uploads.start(FIELD, file, unfit(file), (error) => this.#end(current, error));
    const refused = unfit(file);
    if (refused) this.#end(current, refused);
  }

  /** The controls can go back only while they are the same model's. */
  get undoable(): boolean {
    return (
      this.last?.state === "taken" && this.#model !== undefined && this.#model === this.#values.form?.model
    );
  }

  undo(): void {
    for (const [id, value] of Object.entries(this.#before)) this.#values.edit(id, value);
    this.dismiss();
  }

  dismiss(): void {
    this.last = null;
    this.#onChange();
  }

  #end(current: Import, error: string | null): void {
    current.state = error === null ? "taken" : "failed";
    current.error = error;
    for (const upload of this.#uploads.of(FIELD)) if (upload.error) this.#uploads.remove(upload.id);
    this.#onChange();
  }
}

export function carriesSettings(file: File): boolean {
  return KINDS.includes(file.type);
}

function unfit(file: File): string | null {
  if (!carriesSettings(file)) return "Only PNG, JPEG and WebP pictures carry settings";
  return file.size > LARGEST ? `${file.name} is larger than 256 MB` : null;
}
