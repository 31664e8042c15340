// Builds `dist`: the page of the playground, its worker, Pyodide, and the checker as `flowdsl.zip`.
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadPyodide } from "pyodide";

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
await compileCode(`${dist}/flowdsl.zip`);
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

/** Replaces the sources in a zip by byte code of Pyodide's Python, which a page need not compile. */
async function compileCode(file) {
  const python = await loadPyodide();
  python.FS.writeFile("/code.zip", readFileSync(file));
  python.runPython(`
import compileall, pathlib, py_compile, zipfile

zipfile.ZipFile("/code.zip").extractall("/code")
compileall.compile_dir(
    "/code", quiet=2, legacy=True, stripdir="/code", optimize=1,
    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
)
with zipfile.ZipFile("/compiled.zip", "w") as archive:
    for path in sorted(pathlib.Path("/code").rglob("*")):
        if path.is_file() and path.suffix != ".py":
            info = zipfile.ZipInfo(str(path.relative_to("/code")))
            archive.writestr(info, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)
`);
  writeFileSync(file, python.FS.readFile("/compiled.zip"));
}
