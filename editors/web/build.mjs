// Builds `dist`: the page of the playground, its worker, Pyodide, and the checker as `memory.bin` and
// `files.bin`.
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { loadPyodide } from "pyodide";

const here = fileURLToPath(new URL(".", import.meta.url));
const dist = `${here}dist`;
const packed = mkdtempSync(join(tmpdir(), "flowdsl-"));
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
for (const name of ["index.html", "playground.css", "start.js", "worker.js"])
  cpSync(`${here}src/${name}`, `${dist}/${name}`);
execFileSync(process.env.PYTHON ?? "python", [`${here}pack.py`, packed], { stdio: "inherit" });
await compileCode(`${packed}/code`);
await startOnce(`${packed}/code`);
await build({
  entryPoints: [`${here}src/playground.mjs`],
  outdir: dist,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  alias: { "flowdsl-examples": `${packed}/examples.json` },
});
rmSync(packed, { recursive: true });

/** Replaces the sources in a folder by byte code of Pyodide's Python. */
async function compileCode(folder) {
  const python = await loadPyodide();
  python.mountNodeFS("/code", folder);
  python.runPython(`
import compileall, pathlib, py_compile

compileall.compile_dir(
    "/code", quiet=2, legacy=True, stripdir="/code", optimize=1,
    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
)
for source in pathlib.Path("/code").rglob("*.py"):
    source.unlink()
`);
}

/**
 * Starts the checker under Pyodide, has it answer every request once, and writes what `worker.js`
 * goes on from, compressed: the memory, in which the first example is open and checked, and a line
 * of JSON with the files that are not in the memory.
 *
 * A memory fits only the build of Pyodide that made it: hence the exact version in `package.json`.
 */
async function startOnce(folder) {
  const python = await loadPyodide({ _makeSnapshot: true });
  const contents = new Map();
  for (const name of readdirSync(folder, { recursive: true }).sort())
    if (statSync(join(folder, name)).isFile())
      contents.set(`/flowdsl/${name}`, new Uint8Array(readFileSync(join(folder, name))));
  writeFiles(python.FS, contents);
  const [{ files, opens }] = JSON.parse(readFileSync(`${packed}/examples.json`, "utf8"));
  python.globals.set("requests", JSON.stringify(listRequests(files, opens)));
  const loaded = python.runPython(`
import gc, json, sys

sys.path.insert(0, "/flowdsl")
import bridge

for each in json.loads(requests):
    bridge.answer(each)
loaded = [getattr(each, "__file__", None) for each in sys.modules.values()]
json.dumps(loaded)
`);
  // What is there stays: the collector need not walk it again while somebody types.
  python.runPython("del requests, each, loaded; gc.collect(); gc.freeze()");
  keep("memory", python.makeMemorySnapshot());
  JSON.parse(loaded).forEach((path) => contents.delete(path));
  const lengths = [...contents].map(([path, content]) => [path, content.length]);
  keep("files", Buffer.concat([Buffer.from(`${JSON.stringify(lengths)}\n`), ...contents.values()]));
}

function keep(name, content) {
  writeFileSync(`${dist}/${name}.bin`, gzipSync(content, { level: 9 }));
}

function writeFiles(system, contents) {
  for (const [path, content] of contents) {
    system.mkdirTree(path.slice(0, path.lastIndexOf("/")));
    system.writeFile(path, content);
  }
}

function listRequests(files, path) {
  const text = files[path];
  const at = text.indexOf("steps {");
  return [
    { do: "open", files },
    { do: "change", path, text },
    { do: "change", path, text: text.replace("steps {", "steps { do ") },
    { do: "suggest", path, at: at + 8 },
    { do: "change", path, text },
    { do: "colour", path },
    { do: "preview", path, at },
    { do: "describe", path, at },
    { do: "lay_out", path },
  ].map((each) => JSON.stringify(each));
}
