// A client of `worker.js`.

/**
 * Talks to a worker: `ready` resolves once it answers, `ask` sends a request of `bridge.py` and
 * resolves to its result.
 *
 * @param {Worker} worker
 */
export function connectChecker(worker) {
  /** @type {Map<number, {resolve: (result: any) => void, reject: (error: Error) => void}>} */
  const waiting = new Map();
  let last = 0;
  const ready = new Promise((resolve, reject) => waiting.set(0, { resolve, reject }));
  worker.onmessage = ({ data: { id, result, error } }) => {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asked?.resolve(result);
    else asked?.reject(new Error(error));
  };
  worker.onerror = (event) => waiting.get(0)?.reject(new Error(event.message));
  /** @param {string} what @param {object} more @returns {Promise<any>} */
  const ask = (what, more = {}) =>
    new Promise((resolve, reject) => {
      last += 1;
      waiting.set(last, { resolve, reject });
      worker.postMessage({ id: last, request: { do: what, ...more } });
    });
  return { ready, ask };
}
