// Runs the checker of FlowDSL in a worker: every message is a request of `bridge.py`, answered in
// the order in which they come. Everything is loaded from the folder `checkerHome`, which whoever
// starts the worker may set, or from beside this file.
//
// It is no module, since the web build of VS Code starts workers that are none.
const home = self.checkerHome ?? new URL("./", self.location.href).href;

/** Goes on from the memory that `build.mjs` kept: the checker is imported and has checked a flow. */
async function start() {
  const { loadPyodide } = await import(`${home}pyodide/pyodide.mjs`);
  const python = await loadPyodide({
    indexURL: `${home}pyodide/`,
    _loadSnapshot: readKept("memory"),
  });
  return { FS: python.FS, bridge: python.pyimport("bridge") };
}

async function readKept(name) {
  const { body } = await fetch(`${home}${name}.bin`);
  const plain = body.pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(plain).arrayBuffer());
}

/** Writes the files that are not in the memory: what is imported later, and what commands read. */
async function writeFiles(FS) {
  const bytes = await readKept("files");
  let at = bytes.indexOf(10) + 1;
  for (const [path, length] of JSON.parse(new TextDecoder().decode(bytes.subarray(0, at)))) {
    FS.mkdirTree(path.slice(0, path.lastIndexOf("/")));
    FS.writeFile(path, bytes.subarray(at, (at += length)), { canOwn: true });
  }
}

const started = start();
let written;

self.onmessage = async ({ data: { id, request } }) => {
  try {
    const { FS, bridge } = await started;
    const asked = JSON.stringify(request);
    // What a page opens and checks first is in the memory; all else may import further files.
    if (!written && !bridge.is_known(asked)) written = writeFiles(FS);
    await written;
    self.postMessage({ id, result: JSON.parse(bridge.answer(asked)) });
  } catch (error) {
    self.postMessage({ id, error: String(error?.message ?? error) });
  }
};
started.then(
  () => self.postMessage({ id: 0, result: "ready" }),
  (error) => self.postMessage({ id: 0, error: String(error) }),
);
