// The worker with the checker. A page of VS Code may not start a worker of another origin, so that
// the worker begins as a script that imports the real one.
import * as vscode from "vscode";

export interface Checker extends vscode.Disposable {
  /** Asks a function of `bridge.py`, and resolves to its result. */
  ask<Result>(what: string, more?: object): Promise<Result>;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** Starts the checker in `folder`; resolves once it answers. */
export async function startChecker(folder: vscode.Uri): Promise<Checker> {
  const home = `${folder.toString(true)}/`;
  const begin = `self.checkerHome = ${JSON.stringify(home)}; importScripts(`;
  const script = new Blob([`${begin}${JSON.stringify(`${home}worker.js`)});`], {
    type: "text/javascript",
  });
  const worker = new Worker(URL.createObjectURL(script));
  const waiting = new Map<number, Waiting>();
  let last = 0;
  const ready = new Promise<unknown>((resolve, reject) => waiting.set(0, { resolve, reject }));
  worker.onmessage = ({ data }) => {
    const asked = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.error === undefined) asked?.resolve(data.result);
    else asked?.reject(new Error(data.error));
  };
  worker.onerror = (event) => waiting.get(0)?.reject(new Error(event.message));
  await ready;
  return {
    ask: <Result>(what: string, more = {}) =>
      new Promise<Result>((resolve, reject) => {
        last += 1;
        waiting.set(last, { resolve: resolve as (result: unknown) => void, reject });
        worker.postMessage({ id: last, request: { do: what, ...more } });
      }),
    dispose: () => worker.terminate(),
  };
}
