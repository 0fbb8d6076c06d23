import { h, safeUrl } from "../dom/dom.ts";
import styles from "./markdown.css";

export { styles };

// Lengths are bounded, so that no text takes longer than its length.
const INLINE =
  /(?<ticks>`+)(?<code>[\s\S]{1,500}?)(?<!`)\k<ticks>(?!`)|(?<![\w*])(?<strong>\*\*|__)(?=\S)(?<bold>[\s\S]{0,500}?\S)\k<strong>|(?<![\w*])(?<em>[*_])(?=[^\s*_])(?<italic>[^*_]{0,500}?[^\s*_])\k<em>(?!\w)|~~(?=\S)(?<gone>[^~]{1,500})~~|!?\[(?<label>[^\][]{1,500})\]\((?<url>[^\s()]{1,2000})\)|(?<bare>https?:\/\/[^\s<>()[\]"'`*]+[^\s<>()[\]"'`*.,;:!?])|\\(?<sign>[!-/:-@[-`{-~])/g;
const FENCE = /^ {0,3}(`{3,}|~{3,})[^`]*$/;
const ITEM = /^(\s*)(?:[-*+]|(\d{1,9})[.)])\s+(.*)$/;
const HEADING = /^(#{1,6})\s+(.*?)\s*#*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const QUOTE = /^ {0,3}> ?/;
const DASHES = /^\s*\|?(?:\s*:?-+:?\s*\|)+(?:\s*:?-+:?\s*)?\|?\s*$/;
const MAX_DEPTH = 6; // of lists and quotes within each other

/** Draws Markdown as elements, never as markup. What has not changed since the last time stays, with its selection. */
export function drawMarkdown(element: HTMLElement, words: string): void {
  const sources = blocks(words);
  for (const [at, source] of sources.entries()) {
    const old = element.children[at] as HTMLElement | undefined;
    if (old && drawn.get(old) === source) continue;
    const made = h("div", "", ...draw(source.split("\n"), 0));
    drawn.set(made, source);
    if (old) old.replaceWith(made);
    else element.append(made);
  }
  while (element.children.length > sources.length) element.lastChild?.remove();
}

const drawn = new WeakMap<Element, string>();

/** The parts between blank lines; a block of code is one. */
function blocks(words: string): string[] {
  const all: string[] = [];
  let lines: string[] = [];
  let fence = "";
  const end = () => {
    if (lines.length > 0) all.push(lines.join("\n"));
    lines = [];
  };
  for (const line of words.split("\n")) {
    const mark = FENCE.exec(line)?.[1] ?? "";
    if (!fence && !line.trim()) end();
    else lines.push(line);
    if (!fence) fence = mark;
    else if (closes(line, fence)) fence = "";
  }
  end();
  return all;
}

const closes = (line: string, fence: string) =>
  line.trim().startsWith(fence) && !line.trim().replaceAll(fence.charAt(0), "");

function draw(lines: string[], depth: number): HTMLElement[] {
  const made: HTMLElement[] = [];
  let at = 0;
  /** This line, and those after it for which the test holds. */
  const take = (test: (line: string) => unknown) => {
    const from = at++;
    while (at < lines.length && test(lines[at] as string)) at++;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at] as string;
    const kind = kindOf(lines, at, depth);
    if (kind === "code") {
      const fence = FENCE.exec(line)?.[1] ?? "";
      const [, ...code] = take((one) => !closes(one, fence));
      at++;
      made.push(h("pre", "", h("code", "", code.join("\n"))));
    } else if (kind === "heading") {
      const [, marks = "", title = ""] = HEADING.exec(line) ?? [];
      made.push(h(`h${Math.min(6, marks.length + 2)}` as "h3", "", ...inline(title)));
      at++;
    } else if (kind === "rule") {
      made.push(h("hr"));
      at++;
    } else if (kind === "quote") {
      const quoted = take((one) => QUOTE.test(one)).map((one) => one.replace(QUOTE, ""));
      made.push(h("blockquote", "", ...draw(quoted, depth + 1)));
    } else if (kind === "table") {
      made.push(table(take((one) => one.includes("|"))));
    } else if (kind === "list") {
      made.push(
        list(
          take((one) => /^\s+\S/.test(one) || ITEM.test(one)),
          depth,
        ),
      );
    } else {
      made.push(h("p", "", ...inline(take(() => !kindOf(lines, at, depth)).join("\n"))));
    }
  }
  return made;
}

function kindOf(lines: string[], at: number, depth: number): string {
  const line = lines[at] as string;
  if (FENCE.test(line)) return "code";
  if (HEADING.test(line)) return "heading";
  if (RULE.test(line)) return "rule";
  if (line.includes("|") && DASHES.test(lines[at + 1] ?? "")) return "table";
  if (depth >= MAX_DEPTH) return "";
  if (QUOTE.test(line)) return "quote";
  return ITEM.test(line) ? "list" : "";
}

/** Items of the first one's depth, each with what is indented more. */
function list(lines: string[], depth: number): HTMLElement {
  const [, indent = "", number] = ITEM.exec(lines[0] as string) ?? [];
  const element = number === undefined ? h("ul") : h("ol", { start: number });
  let own: string[] = [];
  const end = () => {
    if (own.length > 0) element.append(h("li", "", ...draw(own, depth + 1)));
    own = [];
  };
  for (const line of lines) {
    const item = ITEM.exec(line);
    if (item && (item[1] ?? "").length <= indent.length + 1) {
      end();
      own = [item[3] ?? ""];
    } else own.push(line.replace(/^\s{1,4}/, ""));
  }
  end();
  return element;
}

function table([head = "", , ...rows]: string[]): HTMLElement {
  const cells = (line: string) =>
    line
      .trim()
      .replace(/^\||\|$/g, "")
      .split("|");
  const row = (line: string, tag: "th" | "td") =>
    h("tr", "", ...cells(line).map((cell) => h(tag, "", ...inline(cell.trim()))));
  return h("table", "", row(head, "th"), ...rows.map((line) => row(line, "td")));
}

function inline(words: string): (Node | string)[] {
  const made: (Node | string)[] = [];
  let at = 0;
  for (const match of words.matchAll(INLINE)) {
    made.push(words.slice(at, match.index));
    at = match.index + match[0].length;
    const { code, bold, italic, gone, label, url, bare, sign } = match.groups ?? {};
    if (code !== undefined) made.push(h("code", "", code));
    else if (bold) made.push(h("strong", "", ...inline(bold)));
    else if (italic) made.push(h("em", "", ...inline(italic)));
    else if (gone) made.push(h("del", "", ...inline(gone)));
    else if (label && url) made.push(link(inline(label), url, match[0]));
    else if (bare) made.push(link([bare], bare, bare));
    else made.push(sign ?? "");
  }
  return [...made, words.slice(at)];
}

/** A picture is a link to it too: none of another host is fetched unasked. */
function link(label: (Node | string)[], address: string, source: string): Node | string {
  const href = safeUrl(address);
  return href ? h("a", { href, target: "_blank", rel: "noopener noreferrer" }, ...label) : source;
}
