// `.flow` is claimed by other extensions as well: a file that begins with `flow 1` is ours.
import * as vscode from "vscode";

const FIRST_LINE = /^\uFEFF?\s*flow\s+[0-9]+\s*(#.*)?$/;

/** Takes flows that another extension has taken, and offers to associate `.flow` for good. */
export function offerAssociation(context: vscode.ExtensionContext): void {
  const take = (document: vscode.TextDocument) => void takeDocument(context, document);
  vscode.workspace.textDocuments.forEach(take);
  context.subscriptions.push(vscode.workspace.onDidOpenTextDocument(take));
}

async function takeDocument(
  context: vscode.ExtensionContext,
  document: vscode.TextDocument,
): Promise<void> {
  if (!document.fileName.endsWith(".flow") || document.languageId === "flowdsl") return;
  if (!beginsAsFlow(document)) return;
  const other = document.languageId;
  await vscode.languages.setTextDocumentLanguage(document, "flowdsl");
  if (other === "plaintext" || context.workspaceState.get("associationOffered")) return;
  await context.workspaceState.update("associationOffered", true);
  const yes = "Associate *.flow";
  const chosen = await vscode.window.showInformationMessage(
    `Another extension opens .flow files as "${other}". Open those of this workspace as FlowDSL?`,
    yes,
  );
  if (chosen !== yes) return;
  const settings = vscode.workspace.getConfiguration("files");
  const now = settings.get<Record<string, string>>("associations") ?? {};
  await settings.update("associations", { ...now, "*.flow": "flowdsl" });
}

function beginsAsFlow(document: vscode.TextDocument): boolean {
  for (let line = 0; line < Math.min(document.lineCount, 50); line++) {
    const text = document.lineAt(line).text;
    if (text.trim() && !text.trim().startsWith("#")) return FIRST_LINE.test(text);
  }
  return false;
}
