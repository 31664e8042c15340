// A client of `worker.js`.

/** Starts the worker at `url`; `ask` sends a request of `bridge.py` and resolves to its result. */
export function startChecker(url) {
  const worker = new Worker(url);
  const waiting = new Map();
  let last = 0;
  const ready = new Promise((resolve, reject) => waiting.set(0, { resolve, reject }));
  worker.onmessage = ({ data: { id, result, error } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) resolve(result);
    else reject(new Error(error));
  };
  worker.onerror = (event) => waiting.get(0)?.reject(new Error(event.message));
  const ask = (what, more = {}) =>
    new Promise((resolve, reject) => {
      last += 1;
      waiting.set(last, { resolve, reject });
      worker.postMessage({ id: last, request: { do: what, ...more } });
    });
  return { ready, ask };
}
