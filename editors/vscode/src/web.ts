// The extension in a browser: no server, the checker runs under Pyodide in a worker.
import * as vscode from "vscode";
import { startChecker, type Checker } from "./checker";
import { offerAssociation } from "./association";
import { registerPreview } from "./preview";

const SELECTOR: vscode.DocumentSelector = { language: "flowdsl" };
const SEVERITIES = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  info: vscode.DiagnosticSeverity.Information,
};
const KINDS: Record<string, vscode.CompletionItemKind> = {
  keyword: vscode.CompletionItemKind.Keyword,
  file: vscode.CompletionItemKind.File,
  annotation: vscode.CompletionItemKind.Property,
  setting: vscode.CompletionItemKind.Property,
  task: vscode.CompletionItemKind.Function,
  type: vscode.CompletionItemKind.Class,
};

interface Edit {
  path: string;
  from: number;
  to: number;
  insert: string;
}

interface Finding {
  from: number;
  to: number;
  severity: keyof typeof SEVERITIES;
  rule: string;
  message: string;
  help: string;
  actions: { title: string; edits: Edit[] }[];
}

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  offerAssociation(context);
  const checker = await startChecker(vscode.Uri.joinPath(context.extensionUri, "dist", "web"));
  context.subscriptions.push(checker);
  const project = new WebProject(checker);
  await project.open();
  context.subscriptions.push(
    project,
    vscode.languages.registerCodeActionsProvider(SELECTOR, project, {
      providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
    }),
    vscode.languages.registerHoverProvider(SELECTOR, project),
    vscode.languages.registerCompletionItemProvider(SELECTOR, project, ".", "{", "$", "@", '"'),
    vscode.languages.registerDocumentFormattingEditProvider(SELECTOR, project),
  );
  registerPreview(context, async (uri, position) => project.preview(uri, position));
}

/** The flows of the workspace in the checker, and what an editor asks of them. */
class WebProject
  implements
    vscode.Disposable,
    vscode.CodeActionProvider,
    vscode.HoverProvider,
    vscode.CompletionItemProvider,
    vscode.DocumentFormattingEditProvider
{
  private readonly shown = vscode.languages.createDiagnosticCollection("flowdsl");
  private readonly findings = new Map<string, Finding[]>();
  private readonly watching: vscode.Disposable[] = [];

  constructor(private readonly checker: Checker) {}

  dispose(): void {
    this.shown.dispose();
    this.watching.forEach((each) => each.dispose());
  }

  /** Reads the files of the workspace, and checks what is open whenever it changes. */
  async open(): Promise<void> {
    const files: Record<string, string> = {};
    const found = await vscode.workspace.findFiles("**/*.{flow,toml,md,txt,json,csv}", undefined, 2000);
    for (const uri of found)
      files[pathOf(uri)] = new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
    for (const each of vscode.workspace.textDocuments)
      if (each.languageId === "flowdsl") files[pathOf(each.uri)] = each.getText();
    await this.checker.ask("open", { files });
    const check = (document: vscode.TextDocument) => void this.check(document);
    this.watching.push(
      vscode.workspace.onDidOpenTextDocument(check),
      vscode.workspace.onDidChangeTextDocument((event) => check(event.document)),
      vscode.workspace.onDidCloseTextDocument((each) => this.shown.delete(each.uri)),
    );
    vscode.workspace.textDocuments.forEach(check);
  }

  async preview(uri: vscode.Uri, position: vscode.Position) {
    const document = documentOf(uri);
    if (!document) return null;
    await this.change(document);
    const found = await this.checker.ask<{
      workflow: string;
      text: string;
      lines: [number, number][];
      errors: number;
    } | null>("preview", { path: pathOf(uri), at: document.offsetAt(position) });
    if (!found) return null;
    const lines = found.lines.map(([line, from]) => ({
      line: line - 1,
      uri: uri.toString(),
      range: document.lineAt(Math.min(from, document.lineCount) - 1).range,
    }));
    return { ...found, lines };
  }

  provideCodeActions(document: vscode.TextDocument, range: vscode.Range): vscode.CodeAction[] {
    const [from, to] = [document.offsetAt(range.start), document.offsetAt(range.end)];
    return (this.findings.get(document.uri.toString()) ?? [])
      .filter((each) => each.from <= to && from <= each.to)
      .flatMap(({ actions }) => actions)
      .map(({ title, edits }) => {
        const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
        action.edit = new vscode.WorkspaceEdit();
        for (const each of edits)
          if (each.path === pathOf(document.uri))
            action.edit.replace(document.uri, rangeOf(document, each), each.insert);
        return action;
      });
  }

  async provideHover(document: vscode.TextDocument, position: vscode.Position) {
    const found = await this.checker.ask<{ from: number; to: number; text: string } | null>(
      "describe",
      { path: pathOf(document.uri), at: document.offsetAt(position) },
    );
    return found && new vscode.Hover(new vscode.MarkdownString(found.text), rangeOf(document, found));
  }

  async provideCompletionItems(document: vscode.TextDocument, position: vscode.Position) {
    await this.change(document);
    const at = document.offsetAt(position);
    const found = await this.checker.ask<{
      from: number;
      items: { label: string; kind: string; detail: string; insert: string; edits: Edit[] }[];
    }>("suggest", { path: pathOf(document.uri), at });
    const range = new vscode.Range(document.positionAt(found.from), position);
    return found.items.map((each, index) => {
      const kind = KINDS[each.kind] ?? vscode.CompletionItemKind.Variable;
      const item = new vscode.CompletionItem(each.label, kind);
      item.detail = each.detail;
      item.insertText = each.insert;
      item.range = range;
      item.sortText = String(index).padStart(5, "0");
      item.additionalTextEdits = each.edits
        .filter((edit) => edit.path === pathOf(document.uri))
        .map((edit) => vscode.TextEdit.replace(rangeOf(document, edit), edit.insert));
      return item;
    });
  }

  async provideDocumentFormattingEdits(document: vscode.TextDocument): Promise<vscode.TextEdit[]> {
    await this.change(document);
    const edits = await this.checker.ask<Edit[]>("lay_out", { path: pathOf(document.uri) });
    return edits.map((each) => vscode.TextEdit.replace(rangeOf(document, each), each.insert));
  }

  private async change(document: vscode.TextDocument): Promise<Finding[]> {
    return this.checker.ask<Finding[]>("change", {
      path: pathOf(document.uri),
      text: document.getText(),
    });
  }

  private async check(document: vscode.TextDocument): Promise<void> {
    if (document.languageId !== "flowdsl") return;
    const { version } = document;
    const findings = await this.change(document);
    if (document.version !== version || document.isClosed) return;
    this.findings.set(document.uri.toString(), findings);
    this.shown.set(
      document.uri,
      findings.map((each) => {
        const message = each.help ? `${each.message}\n${each.help}` : each.message;
        const made = new vscode.Diagnostic(
          rangeOf(document, each),
          message,
          SEVERITIES[each.severity],
        );
        made.source = "flowdsl";
        made.code = each.rule;
        return made;
      }),
    );
  }
}

function pathOf(uri: vscode.Uri): string {
  return vscode.workspace.asRelativePath(uri, false);
}

function documentOf(uri: vscode.Uri): vscode.TextDocument | undefined {
  return vscode.workspace.textDocuments.find((each) => each.uri.toString() === uri.toString());
}

function rangeOf(document: vscode.TextDocument, { from, to }: { from: number; to: number }) {
  return new vscode.Range(document.positionAt(from), document.positionAt(to));
}
