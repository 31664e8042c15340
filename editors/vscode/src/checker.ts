// The worker with the checker. A page of VS Code may not start a worker of another origin, so that
// the worker begins as a script that imports the real one.
import * as vscode from "vscode";
import { connectChecker } from "../../web/src/checker.mjs";

export interface Checker extends vscode.Disposable {
  /** Asks a function of `bridge.py`, and resolves to its result. */
  ask<Result>(what: string, more?: object): Promise<Result>;
}

/** Starts the checker in `folder`; resolves once it answers. */
export async function startChecker(folder: vscode.Uri): Promise<Checker> {
  const home = `${folder.toString(true)}/`;
  const begin = `self.checkerHome = ${JSON.stringify(home)}; importScripts(`;
  const script = new Blob([`${begin}${JSON.stringify(`${home}worker.js`)});`], {
    type: "text/javascript",
  });
  const worker = new Worker(URL.createObjectURL(script));
  const { ready, ask } = connectChecker(worker);
  await ready;
  return { ask, dispose: () => worker.terminate() };
}
