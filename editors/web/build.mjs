// Builds `dist`: the page of the playground, its worker, Pyodide, and the checker as `flowdsl.zip`.
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const dist = `${here}dist`;
rmSync(dist, { recursive: true, force: true });
mkdirSync(`${dist}/pyodide`, { recursive: true });
for (const name of [
  "pyodide.mjs",
  "pyodide.asm.js",
  "pyodide.asm.wasm",
  "pyodide-lock.json",
  "python_stdlib.zip",
])
  cpSync(`${here}node_modules/pyodide/${name}`, `${dist}/pyodide/${name}`);
for (const name of ["index.html", "playground.css", "worker.js"])
  cpSync(`${here}src/${name}`, `${dist}/${name}`);
execFileSync(process.env.PYTHON ?? "python", [`${here}pack.py`, dist], { stdio: "inherit" });
await build({
  entryPoints: [`${here}src/playground.mjs`],
  outdir: dist,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  alias: { "flowdsl-examples": `${dist}/examples.json` },
});
