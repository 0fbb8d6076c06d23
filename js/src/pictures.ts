import type { ImageMessage } from "./messages.ts";

export interface Picture {
  url: string;
  name: string;
  mime: string;
  width: number | null;
  height: number | null;
}

type Role = ImageMessage["role"];

/** Images as object URLs, each revoked when it is replaced or no longer belongs to anything shown. */
export class Pictures {
  readonly #all = new Map<string, Picture>();

  get(role: Role, id: string): Picture | undefined {
    return this.#all.get(`${role} ${id}`);
  }

  take(message: ImageMessage, bytes: BlobPart): void {
    const { role, id, name, mime, width, height } = message;
    const key = `${role} ${id}`;
    this.#forget(key);
    const url = URL.createObjectURL(new Blob([bytes], { type: mime }));
    this.#all.set(key, { url, name, mime, width, height });
  }

  /** Keeps what `wanted` names and frees the rest of these roles. */
  prune(roles: Role[], wanted: Set<string>): void {
    for (const key of [...this.#all.keys()]) {
      const [role = "", id = ""] = key.split(" ");
      if (roles.includes(role as Role) && !wanted.has(id)) this.#forget(key);
    }
  }

  clear(): void {
    for (const key of [...this.#all.keys()]) this.#forget(key);
  }

  #forget(key: string): void {
    const old = this.#all.get(key);
    if (old) URL.revokeObjectURL(old.url);
    this.#all.delete(key);
  }
}
