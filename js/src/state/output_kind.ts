import type { Output } from "../kernel/messages.ts";

export type Kind = "picture" | "video" | "audio" | "text" | "image" | "file";

/** How an output is shown; an "image" is one the kernel could make no thumbnail of. */
export function kindOf({ content_type, width, text }: Output): Kind {
  const [family] = content_type.toLowerCase().split("/");
  if (family === "image") return width === null ? "image" : "picture";
  if (family === "video" || family === "audio") return family;
  return text ? "text" : "file";
}
