// The extension on a desktop: a client of `flowdsl lsp`, and commands that run FlowDSL.
import * as vscode from "vscode";
import { LanguageClient, RevealOutputChannelOn } from "vscode-languageclient/node";
import { registerPreview, type Prompt } from "./preview";
import { offerAssociation } from "./association";

let client: LanguageClient | undefined;
/** Starts and stops follow one another: a client that is starting cannot be stopped. */
let settled: Promise<void> = Promise.resolve();

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const register = (name: string, run: (...words: never[]) => unknown) =>
    context.subscriptions.push(vscode.commands.registerCommand(`flowdsl.${name}`, run));
  register("checkProject", () => runTask("Check project", ["check", "--format", "terse"]));
  register("plan", () => runInTerminal(["plan"]));
  register("runTest", (uri?: string, title?: string) => runTest(uri, title));
  register("restart", restart);
  registerPreview(context, async (uri, position) =>
    client?.isRunning()
      ? await client.sendRequest<Prompt | null>("flowdsl/preview", {
          textDocument: { uri: uri.toString() },
          position: { line: position.line, character: position.character },
        })
      : null,
  );
  offerAssociation(context);
  if (vscode.workspace.isTrusted) await restart();
  // The settings of a folder hold a moment after it is trusted.
  const later = () => setTimeout(() => void restart(), 500);
  context.subscriptions.push(vscode.workspace.onDidGrantWorkspaceTrust(later));
  context.subscriptions.push(
    vscode.workspace.onDidChangeConfiguration((event) => {
      const command = event.affectsConfiguration("flowdsl.command");
      if (command && vscode.workspace.isTrusted) void restart();
    }),
  );
}

export async function deactivate(): Promise<void> {
  await client?.stop();
}

/** The command of FlowDSL and its first arguments. */
function commandOf(folder?: vscode.WorkspaceFolder): string[] {
  const words = vscode.workspace.getConfiguration("flowdsl", folder).get<string[]>("command") ?? [];
  const root = folder?.uri.fsPath ?? "";
  const filled = words.map((each) => each.replaceAll("${workspaceFolder}", root));
  return filled.length ? filled : ["flowdsl"];
}

async function start(): Promise<void> {
  const [command = "flowdsl", ...first] = commandOf(vscode.workspace.workspaceFolders?.[0]);
  client = new LanguageClient(
    "flowdsl",
    "FlowDSL",
    { command, args: [...first, "lsp"] },
    {
      documentSelector: [{ language: "flowdsl" }, { pattern: "**/flowdsl.toml" }],
      synchronize: {
        fileEvents: vscode.workspace.createFileSystemWatcher("**/*.{flow,toml,md,txt,json,csv}"),
      },
      revealOutputChannelOn: RevealOutputChannelOn.Never,
    },
  );
  try {
    await client.start();
  } catch (error) {
    void explain([command, ...first, "lsp"], error);
  }
}

async function explain(words: string[], error: unknown): Promise<void> {
  const why = error instanceof Error ? error.message : String(error);
  const settings = "Open Settings";
  const chosen = await vscode.window.showErrorMessage(
    `FlowDSL: \`${words.join(" ")}\` did not start (${why}). ` +
      'Install it with `pip install "flowdsl[lsp]"`, or set `flowdsl.command`.',
    settings,
  );
  if (chosen === settings)
    await vscode.commands.executeCommand("workbench.action.openSettings", "flowdsl.command");
}

function restart(): Promise<void> {
  settled = settled.then(async () => {
    await client?.dispose().catch(() => undefined); // one that did not start
    client = undefined;
    await start();
  });
  return settled;
}

// Commands

function folderOf(uri?: vscode.Uri): vscode.WorkspaceFolder | undefined {
  const about = uri ?? vscode.window.activeTextEditor?.document.uri;
  const own = about && vscode.workspace.getWorkspaceFolder(about);
  return own ?? vscode.workspace.workspaceFolders?.[0];
}

async function runTask(title: string, words: string[], uri?: vscode.Uri): Promise<void> {
  const folder = folderOf(uri);
  const [command = "flowdsl", ...first] = commandOf(folder);
  const task = new vscode.Task(
    { type: "flowdsl", words },
    folder ?? vscode.TaskScope.Workspace,
    title,
    "flowdsl",
    new vscode.ProcessExecution(command, [...first, ...words], { cwd: folder?.uri.fsPath }),
    "$flowdsl",
  );
  task.presentationOptions = { clear: true, reveal: vscode.TaskRevealKind.Always };
  await vscode.tasks.executeTask(task);
}

async function runInTerminal(words: string[]): Promise<void> {
  await runTask(words.join(" "), words);
}

/** Runs a test of a file by its title, or all tests of the open file. */
async function runTest(address?: string, title?: string): Promise<void> {
  const uri = address ? vscode.Uri.parse(address) : vscode.window.activeTextEditor?.document.uri;
  if (!uri) return;
  await vscode.workspace.saveAll(false);
  const words = ["test", uri.fsPath];
  if (title) words.push("-k", quoteTitle(title));
  await runTask(title ? `Test "${title}"` : "Tests of the file", words, uri);
}

/** A title as phrases of `-k`: a phrase stands in `'`, so that a title that holds one is several. */
function quoteTitle(title: string): string {
  const phrases = title.split("'").map((each) => each.trim());
  return phrases.filter(Boolean).map((each) => `'${each}'`).join(" ");
}
