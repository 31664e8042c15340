// Runs the checker of FlowDSL in a worker: every message is a request of `bridge.py`, answered in
// the order in which they come. Everything is loaded from the folder `checkerHome`, which whoever
// starts the worker may set, or from beside this file.
//
// It is no module, since the web build of VS Code starts workers that are none.
const home = self.checkerHome ?? new URL("./", self.location.href).href;

/** Goes on from the memory that `build.mjs` kept: the checker is imported and has checked a flow. */
async function start() {
  const kept = readKept();
  const { loadPyodide } = await import(`${home}pyodide/pyodide.mjs`);
  const python = await loadPyodide({
    indexURL: `${home}pyodide/`,
    _loadSnapshot: kept.then(({ memory }) => memory),
  });
  const { files } = await kept;
  for (const [path, content] of files) {
    python.FS.mkdirTree(path.slice(0, path.lastIndexOf("/")));
    python.FS.writeFile(path, content, { canOwn: true });
  }
  return python.pyimport("bridge").answer;
}

async function readKept() {
  const { body } = await fetch(`${home}flowdsl.bin`);
  const plain = body.pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(plain).arrayBuffer());
  let at = bytes.indexOf(10) + 1;
  const index = JSON.parse(new TextDecoder().decode(bytes.subarray(0, at)));
  const take = (length) => bytes.subarray(at, (at += length));
  const memory = take(index.memory);
  return { memory, files: index.files.map(([path, length]) => [path, take(length)]) };
}

const started = start();

self.onmessage = async ({ data: { id, request } }) => {
  try {
    const answer = await started;
    self.postMessage({ id, result: JSON.parse(answer(JSON.stringify(request))) });
  } catch (error) {
    self.postMessage({ id, error: String(error?.message ?? error) });
  }
};
started.then(
  () => self.postMessage({ id: 0, result: "ready" }),
  (error) => self.postMessage({ id: 0, error: String(error) }),
);
