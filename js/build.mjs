// Bundles each widget into the Python package. Notebooks store a bundle with every instance, so its size is a promise.

import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";

const LIMIT = 40_000; // bytes of each bundle, gzipped
const STATIC = new URL("../wiro_widgets/static/", import.meta.url).pathname;
// The modules after the widgets are sent when they are first used.
const BUNDLES = {
  "widget.js": "src/widget.ts",
  "gallery.js": "src/gallery_widget.ts",
  "markdown.js": "src/stage/markdown.ts",
  "models.js": "src/panel/model_list.ts",
  "presets.js": "src/panel/preset_list.ts",
  "about.js": "src/panel/late/about.ts",
  "alerts.js": "src/panel/late/alerts.ts",
  "live.js": "src/live_widget.ts",
};

const minifyCss = {
  name: "css-as-text",
  setup(bundler) {
    bundler.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { transform } = await import("esbuild");
      const source = await readFile(path, "utf8");
      const { code } = await transform(source, { loader: "css", minify: true });
      return { contents: code.trim(), loader: "text" };
    });
  },
};

// A second look takes another kilobyte off what is sent; what compresses best was found by trying.
const compress = {
  ecma: 2022,
  passes: 2,
  inline: 1,
  hoist_funs: true,
  lhs_constants: false,
  unsafe_arrows: true,
  unsafe_methods: true,
};

/** Makes a widget's module one for the page: a host imports it anew for every model, and each would compile it again. */
function once(code) {
  const [end, name] = /export\s*\{\s*(\S+) as default\s*\};?\s*$/.exec(code) ?? [];
  if (!name) return code; // a late module, which its panel keeps
  const key = `wiro_widgets ${createHash("sha256").update(code).digest("hex").slice(0, 12)}`;
  const body = code.slice(0, -end.length);
  return `export default globalThis[Symbol.for("${key}")]??=(()=>{${body};return ${name}})()`;
}

async function bundle(source) {
  const bundled = await build({
    entryPoints: [new URL(source, import.meta.url).pathname],
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    charset: "utf8",
    legalComments: "none",
    logLevel: "warning",
    write: false,
    plugins: [minifyCss],
  });
  const options = { module: true, ecma: 2022, compress, format: { ecma: 2022 } };
  return (await minify(once(bundled.outputFiles[0].text), options)).code;
}

await mkdir(STATIC, { recursive: true });
for (const [name, source] of Object.entries(BUNDLES)) {
  const code = await bundle(source);
  await writeFile(STATIC + name, code);
  const bytes = Buffer.from(code);
  const zipped = gzipSync(bytes, { level: 9 }).length;
  const sizes = [bytes.length, zipped].map((size) => (size / 1000).toFixed(1));
  console.log(`${name} ${sizes[0]} kB, ${sizes[1]} kB gzipped (limit ${LIMIT / 1000} kB)`);
  if (zipped > LIMIT) {
    console.error(`${name} is ${zipped - LIMIT} bytes over its limit.`);
    process.exitCode = 1;
  }
}
