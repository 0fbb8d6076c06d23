import { expect, test } from "vitest";
import { drawMarkdown } from "../src/stage/markdown.ts";

const escaped = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** As much of an element as the writer uses; texts are texts. */
class FakeElement {
  readonly tag: string;
  nodes: (FakeElement | string)[] = [];
  parent: FakeElement | null = null;
  className = "";
  readonly attributes = new Map<string, string>();

  constructor(tag: string) {
    this.tag = tag;
  }

  get children(): FakeElement[] {
    return this.nodes.filter((node) => node instanceof FakeElement);
  }

  get lastChild(): FakeElement | undefined {
    return this.children.at(-1);
  }

  get innerHTML(): string {
    return this.nodes
      .map((node) => {
        if (typeof node === "string") return escaped(node);
        const attributes = [...node.attributes].map(([name, value]) => ` ${name}="${value}"`).join("");
        return node.tag === "hr" ? "<hr>" : `<${node.tag}${attributes}>${node.innerHTML}</${node.tag}>`;
      })
      .join("");
  }

  get textContent(): string {
    return this.nodes.map((node) => (typeof node === "string" ? node : node.textContent)).join("");
  }

  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }

  append(...nodes: (FakeElement | string)[]): void {
    for (const node of nodes) if (node instanceof FakeElement) node.parent = this;
    this.nodes.push(...nodes.filter((node) => node !== ""));
  }

  replaceWith(other: FakeElement): void {
    const { parent } = this;
    if (!parent) return;
    parent.nodes[parent.nodes.indexOf(this)] = other;
    other.parent = parent;
  }

  remove(): void {
    if (this.parent) this.parent.nodes = this.parent.nodes.filter((node) => node !== this);
  }
}

globalThis.document = { createElement: (tag: string) => new FakeElement(tag) } as unknown as Document;

const newElement = () => document.createElement("div") as unknown as FakeElement;
const draw = (element: FakeElement, words: string) => drawMarkdown(element as unknown as HTMLElement, words);

function html(words: string): string {
  const element = newElement();
  draw(element, words);
  return [...element.children].map((one) => one.innerHTML).join("\n");
}

test.each([
  ["a\nb", "<p>a\nb</p>"],
  ["# One\ntext", "<h3>One</h3><p>text</p>"],
  ["###### Six ##", "<h6>Six</h6>"],
  [
    "**bold** *it* __b__ _i_ ~~no~~ `c*d*`",
    "<p><strong>bold</strong> <em>it</em> <strong>b</strong> <em>i</em> <del>no</del> <code>c*d*</code></p>",
  ],
  ["**a *b* c**", "<p><strong>a <em>b</em> c</strong></p>"],
  ["snake_case_name 2*3*4 a * b * c", "<p>snake_case_name 2*3*4 a * b * c</p>"],
  ["\\*no\\* \\`", "<p>*no* `</p>"],
  [
    "- a\n- b\n  - c\n- d",
    "<ul><li><p>a</p></li><li><p>b</p><ul><li><p>c</p></li></ul></li><li><p>d</p></li></ul>",
  ],
  ["3. a\n4. b", '<ol start="3"><li><p>a</p></li><li><p>b</p></li></ol>'],
  ["> a\n> - b", "<blockquote><p>a</p><ul><li><p>b</p></li></ul></blockquote>"],
  [
    "```js\nif (a < b)\n\n  **x**\n```\nafter",
    "<pre><code>if (a &lt; b)\n\n  **x**</code></pre><p>after</p>",
  ],
  ["```\nopen", "<pre><code>open</code></pre>"],
  [
    "| a | b |\n| - | :-: |\n| 1 | *2* |",
    "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td><em>2</em></td></tr></table>",
  ],
  ["a\n---", "<p>a</p><hr>"],
  ["a | b", "<p>a | b</p>"],
])("%j", (words, expected) => {
  expect(html(words)).toBe(expected);
});

const LINK = ' target="_blank" rel="noopener noreferrer"';

test.each([
  ["[a *b*](https://x.org/c?d=1)", `<p><a href="https://x.org/c?d=1"${LINK}>a <em>b</em></a></p>`],
  ["see https://x.org/a.", `<p>see <a href="https://x.org/a"${LINK}>https://x.org/a</a>.</p>`],
  ["![pic](https://x.org/a.png)", `<p><a href="https://x.org/a.png"${LINK}>pic</a></p>`],
  ["[a](javascript:alert(1))", "<p>[a](javascript:alert(1))</p>"],
  ["[a](data:text/html,x)", "<p>[a](data:text/html,x)</p>"],
  ["[a](http://x.org)", "<p>[a](http://x.org)</p>"],
  ["[a](/lab)", "<p>[a](/lab)</p>"],
  ["<img src=x onerror=alert(1)>", "<p>&lt;img src=x onerror=alert(1)&gt;</p>"],
  ["`<b>`", "<p><code>&lt;b&gt;</code></p>"],
])("no markup and no foreign address: %j", (words, expected) => {
  expect(html(words)).toBe(expected);
});

test("what has not changed stays", () => {
  const element = newElement();
  draw(element, "# One\n\ntwo");
  const [first, second] = [...element.children];
  draw(element, "# One\n\ntwo three\n\nfour");
  expect(element.children[0]).toBe(first);
  expect(element.children[1]).not.toBe(second);
  expect(element.textContent).toBe("Onetwo threefour");
  draw(element, "other");
  expect(element.textContent).toBe("other");
});

test.each([
  ["*a "],
  ["**a"],
  ["`"],
  ["["],
  ["[a]("],
  ["~~a "],
  ["> "],
  ["- "],
  ["_"],
  ["https://"],
  ["|-"],
  ["\\"],
])("many of %j take no time", (sign) => {
  const start = performance.now();
  html(sign.repeat(20_000));
  html(`${sign}\n`.repeat(5_000));
  expect(performance.now() - start).toBeLessThan(8_000);
});
