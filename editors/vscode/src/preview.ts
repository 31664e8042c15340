// The compiled prompt beside a flow: a read-only document that follows the cursor both ways.
import * as vscode from "vscode";

/** A line of the prompt, from 0, and where it comes from. */
export interface PromptLine {
  line: number;
  uri: string;
  range: { start: { line: number; character: number }; end: { line: number; character: number } };
}

/** What the checker says of the workflow at a place. */
export interface Prompt {
  workflow: string;
  text: string;
  lines: PromptLine[];
  errors: number;
}

/** Asks for the prompt of the workflow at a place; null if there is none. */
export type AskPrompt = (uri: vscode.Uri, position: vscode.Position) => Promise<Prompt | null>;

const SCHEME = "flowdsl-prompt";
const NONE = "There is no prompt yet: the flow has errors, or no workflow.\n";

/** Registers the preview and its command. */
export function registerPreview(context: vscode.ExtensionContext, ask: AskPrompt): void {
  const preview = new Preview(ask);
  context.subscriptions.push(
    preview,
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, preview),
    vscode.commands.registerCommand("flowdsl.showPrompt", () => preview.show()),
    vscode.window.onDidChangeTextEditorSelection((event) => preview.follow(event.textEditor)),
    vscode.workspace.onDidChangeTextDocument((event) => preview.changed(event.document)),
  );
}

class Preview implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly fresh = new vscode.EventEmitter<vscode.Uri>();
  private readonly marked = vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    backgroundColor: new vscode.ThemeColor("editor.findMatchHighlightBackground"),
  });
  private readonly prompts = new Map<string, Prompt | null>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  readonly onDidChange = this.fresh.event;

  constructor(private readonly ask: AskPrompt) {}

  dispose(): void {
    clearTimeout(this.timer);
    this.fresh.dispose();
    this.marked.dispose();
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    const prompt = this.prompts.get(uri.query);
    if (!prompt) return NONE;
    const note = prompt.errors ? "(the flow has errors: this is the last prompt without)\n" : "";
    return note + prompt.text;
  }

  async show(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (editor?.document.languageId !== "flowdsl") return;
    await this.read(editor);
    const shown = await vscode.workspace.openTextDocument(uriOf(editor.document.uri));
    await vscode.window.showTextDocument(shown, {
      viewColumn: vscode.ViewColumn.Beside,
      preserveFocus: true,
      preview: true,
    });
    this.mark(editor);
  }

  /** Marks in the other editor what belongs to the cursor of this one. */
  async follow(editor: vscode.TextEditor): Promise<void> {
    if (editor.document.uri.scheme === SCHEME) return this.markSource(editor);
    if (editor.document.languageId !== "flowdsl" || !this.editorOf(editor.document.uri)) return;
    const before = this.prompts.get(editor.document.uri.toString());
    const prompt = await this.read(editor);
    if (prompt?.text !== before?.text) this.fresh.fire(uriOf(editor.document.uri));
    this.mark(editor);
  }

  /** Reads the prompt anew a moment after the last change. */
  changed(document: vscode.TextDocument): void {
    if (document.languageId !== "flowdsl" || !this.editorOf(document.uri)) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const editor = vscode.window.visibleTextEditors.find((each) => each.document === document);
      if (editor) void this.follow(editor);
    }, 150);
  }

  private async read(editor: vscode.TextEditor): Promise<Prompt | null> {
    const { document, selection } = editor;
    const prompt = await this.ask(document.uri, selection.active);
    this.prompts.set(document.uri.toString(), prompt);
    return prompt;
  }

  private editorOf(source: vscode.Uri): vscode.TextEditor | undefined {
    const wanted = uriOf(source).toString();
    return vscode.window.visibleTextEditors.find((each) => each.document.uri.toString() === wanted);
  }

  private mark(source: vscode.TextEditor): void {
    const uri = source.document.uri.toString();
    const line = source.selection.active.line;
    const prompt = this.prompts.get(uri);
    const target = this.editorOf(source.document.uri);
    if (!target || !prompt) return;
    const shift = prompt.errors ? 1 : 0;
    const ranges = prompt.lines
      .filter((each) => each.uri === uri && each.range.start.line === line)
      .map((each) => new vscode.Range(each.line + shift, 0, each.line + shift, 0));
    target.setDecorations(this.marked, ranges);
    if (ranges[0]) target.revealRange(ranges[0], vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  }

  private markSource(shown: vscode.TextEditor): void {
    const prompt = this.prompts.get(shown.document.uri.query);
    if (!prompt) return;
    const line = shown.selection.active.line - (prompt.errors ? 1 : 0);
    const from = prompt.lines.find((each) => each.line === line);
    const editor = vscode.window.visibleTextEditors.find(
      (each) => each.document.uri.toString() === from?.uri,
    );
    if (!from || !editor) return;
    const { start, end } = from.range;
    const range = new vscode.Range(start.line, start.character, end.line, end.character);
    editor.setDecorations(this.marked, [range]);
    editor.revealRange(range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  }
}

function uriOf(source: vscode.Uri): vscode.Uri {
  const name = source.path.split("/").at(-1)?.replace(/\.flow$/, "") ?? "flow";
  return vscode.Uri.from({ scheme: SCHEME, path: `${name} (prompt).txt`, query: source.toString() });
}
