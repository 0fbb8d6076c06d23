// Bundles the panel into the Python package. Notebooks store the bundle with every instance, so its size is a promise.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";

const LIMIT = 40_000; // bytes, gzipped
const OUT = new URL("../wiro_widgets/static/widget.js", import.meta.url).pathname;

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

const bundled = await build({
  entryPoints: [new URL("src/widget.ts", import.meta.url).pathname],
  outfile: OUT,
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
const { code } = await minify(bundled.outputFiles[0].text, {
  module: true,
  ecma: 2022,
  compress,
  format: { ecma: 2022 },
});
await mkdir(dirname(OUT), { recursive: true });
await writeFile(OUT, code);
const bytes = Buffer.from(code);
const zipped = gzipSync(bytes, { level: 9 }).length;
console.log(
  `widget.js ${(bytes.length / 1000).toFixed(1)} kB, ${(zipped / 1000).toFixed(1)} kB gzipped (limit ${LIMIT / 1000} kB)`,
);
if (zipped > LIMIT) {
  console.error(`The bundle is ${zipped - LIMIT} bytes over its limit.`);
  process.exit(1);
}
