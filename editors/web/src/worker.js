// Runs the checker of FlowDSL in a worker: every message is a request of `bridge.py`, answered in
// the order in which they come. Everything is loaded from the folder `checkerHome`, which whoever
// starts the worker may set, or from beside this file.
//
// It is no module, since the web build of VS Code starts workers that are none.
const home = self.checkerHome ?? new URL("./", self.location.href).href;

async function start() {
  const { loadPyodide } = await import(`${home}pyodide/pyodide.mjs`);
  const [python, code] = await Promise.all([
    loadPyodide({ indexURL: `${home}pyodide/` }),
    fetch(`${home}flowdsl.zip`).then((reply) => reply.arrayBuffer()),
  ]);
  python.unpackArchive(code, "zip", { extractDir: "/flowdsl" });
  python.runPython("import sys; sys.path.insert(0, '/flowdsl')");
  return python.pyimport("bridge").answer;
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
