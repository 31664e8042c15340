// The page: a flow on the left, findings, prompt, schemas and tests on the right.
import { autocompletion, closeBrackets } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, indentUnit } from "@codemirror/language";
import { forceLinting, lintGutter, linter } from "@codemirror/lint";
import { StateEffect, StateField } from "@codemirror/state";
import {
  Decoration,
  EditorView,
  drawSelection,
  hoverTooltip,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { connectChecker } from "./checker.mjs";
import examples from "flowdsl-examples";

const element = (id) => document.getElementById(id);
const checker = connectChecker(window.checker);
let path = "";
let files = {};
let findings = [];

// Colours: what the checker says of each word

const setColours = StateEffect.define();
const colours = StateField.define({
  create: () => Decoration.none,
  update(marks, change) {
    for (const effect of change.effects) if (effect.is(setColours)) return effect.value;
    return marks.map(change.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

async function colour(text) {
  const tokens = await checker.ask("colour", { path });
  if (editor.state.doc.toString() !== text) return;
  const marks = tokens.map(([from, to, type]) =>
    Decoration.mark({ class: `token-${type}` }).range(from, to),
  );
  editor.dispatch({ effects: setColours.of(Decoration.set(marks)) });
}

// While somebody types, the worker checks and does nothing else, so that no key waits for it.
const PAUSE_MS = 120;
let pause;

function showRest(text) {
  colour(text);
  if (shown !== "problems") showResult();
}

// What an editor offers

function applyEdits(view, edits) {
  const own = edits.filter((each) => each.path === path);
  view.dispatch({ changes: own.map(({ from, to, insert }) => ({ from, to, insert })) });
}

const diagnostics = linter(
  async (view) => {
    if (!path) return [];
    const text = view.state.doc.toString();
    files[path] = text;
    const begun = performance.now();
    findings = await checker.ask("change", { path, text });
    document.body.dataset.milliseconds = Math.round(performance.now() - begun);
    document.body.dataset.checked = text.length;
    if (shown === "problems") showProblems();
    clearTimeout(pause);
    pause = setTimeout(showRest, PAUSE_MS, text);
    return findings.map(({ from, to, severity, message, rule, help, actions }) => ({
      from,
      to: Math.max(from, to),
      severity,
      source: rule,
      message: help ? `${message}\n${help}` : message,
      actions: actions.map(({ title, edits }) => ({
        name: title,
        apply: (target) => applyEdits(target, edits),
      })),
    }));
  },
  { delay: 0 },
);

async function complete(context) {
  const before = context.matchBefore(/[A-Za-z_$@{.][\w.]*$/);
  if (!context.explicit && !before) return null;
  await checker.ask("change", { path, text: context.state.doc.toString() });
  const { from, items } = await checker.ask("suggest", { path, at: context.pos });
  return {
    from,
    validFor: /^\w*$/,
    options: items.map(({ label, kind, detail, insert, edits }) => ({
      label,
      detail,
      type: kind,
      apply(view, _completion, start, end) {
        const own = edits.filter((each) => each.path === path);
        view.dispatch({
          changes: [...own.map((each) => ({ ...each })), { from: start, to: end, insert }],
        });
      },
    })),
  };
}

const hover = hoverTooltip(async (view, position) => {
  const found = await checker.ask("describe", { path, at: position });
  if (!found) return null;
  const create = () => {
    const dom = document.createElement("pre");
    dom.className = "hover";
    dom.textContent = found.text.replace(/```\w*\n?/g, "").trim();
    return { dom };
  };
  return { pos: found.from, end: found.to, above: true, create };
});

const editor = new EditorView({
  parent: element("flow"),
  extensions: [
    lineNumbers(),
    history(),
    drawSelection(),
    bracketMatching(),
    closeBrackets(),
    indentUnit.of("  "),
    colours,
    diagnostics,
    lintGutter(),
    hover,
    autocompletion({ override: [complete] }),
    keymap.of([
      { key: "Shift-Alt-f", run: () => (layOut(), true) },
      indentWithTab,
      ...defaultKeymap,
      ...historyKeymap,
    ]),
    EditorView.contentAttributes.of({ "aria-label": "the flow", spellcheck: "false" }),
    EditorView.updateListener.of((update) => {
      if (update.selectionSet && !update.docChanged) markPromptLines();
    }),
  ],
});

async function layOut() {
  applyEdits(editor, await checker.ask("lay_out", { path }));
}

// The right side

let shown = "problems";
let preview = null;

function fill(target, ...children) {
  target.replaceChildren(...children);
}

function make(tag, text, attributes = {}) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.textContent = text;
  return made;
}

function lineOf(offset) {
  return editor.state.doc.lineAt(Math.min(offset, editor.state.doc.length)).number;
}

function showProblems() {
  if (!findings.length) return fill(element("result"), make("p", "No problems."));
  const list = findings.map(({ from, severity, message, help, rule }) => {
    const row = make("button", "", { className: `finding ${severity}` });
    row.append(make("b", `${lineOf(from)}: ${message}`));
    row.append(make("small", [help, rule].filter(Boolean).join(" · ")));
    row.onclick = () => {
      editor.dispatch({ selection: { anchor: from }, scrollIntoView: true });
      editor.focus();
    };
    return row;
  });
  fill(element("result"), ...list);
}

function showPrompt() {
  if (!preview) return fill(element("result"), make("p", "There is no prompt: see the problems."));
  const note = preview.errors
    ? [make("p", "The flow has errors: this is the prompt of the last text without.")]
    : [];
  const lines = preview.text.split("\n").map((text, index) =>
    make("div", text || " ", { className: "line", id: `prompt-${index + 1}` }),
  );
  const page = make("div", "", { className: "prompt" });
  page.append(...lines);
  fill(element("result"), ...note, page);
  markPromptLines();
}

function markPromptLines() {
  if (shown !== "prompt" || !preview) return;
  const line = lineOf(editor.state.selection.main.head);
  document.querySelectorAll(".line.marked").forEach((each) => each.classList.remove("marked"));
  const own = preview.lines.filter(([, from]) => from === line).map(([at]) => at);
  for (const at of own) element(`prompt-${at}`)?.classList.add("marked");
  if (own.length) element(`prompt-${own[0]}`)?.scrollIntoView({ block: "nearest" });
}

function showSchemas() {
  const schemas = preview?.schemas ?? {};
  const parts = Object.entries(schemas).flatMap(([name, schema]) => [
    make("h2", name),
    make("pre", JSON.stringify(typeof schema === "string" ? JSON.parse(schema) : schema, null, 2)),
  ]);
  fill(element("result"), ...(parts.length ? parts : [make("p", "There are no schemas.")]));
}

async function showTests() {
  fill(element("result"), make("p", "The tests run …"));
  const { text } = await checker.ask("command", { words: ["test", path, "-j", "1"] });
  if (shown === "tests") fill(element("result"), make("pre", text));
}

async function showResult() {
  if (shown === "problems") return showProblems();
  if (shown === "tests") return showTests();
  preview = await checker.ask("preview", { path, at: editor.state.selection.main.head });
  if (shown === "prompt") showPrompt();
  else if (shown === "schemas") showSchemas();
}

for (const tab of document.querySelectorAll("[role=tab]")) {
  tab.onclick = () => {
    shown = tab.dataset.shows;
    for (const each of document.querySelectorAll("[role=tab]"))
      each.setAttribute("aria-selected", String(each === tab));
    showResult();
  };
}

// Examples

async function openExample(name) {
  const example = examples.find((each) => each.name === name);
  path = ""; // what is in the editor belongs to no file until the other one is shown
  await checker.ask("open", { files: example.files });
  files = { ...example.files };
  path = example.opens;
  const texts = Object.keys(files).filter((each) => typeof files[each] === "string");
  fill(element("file"), ...texts.map((each) => make("option", each)));
  element("file").value = path;
  show(files[path]);
}

function show(text) {
  editor.dispatch({
    changes: { from: 0, to: editor.state.doc.length, insert: text },
    effects: setColours.of(Decoration.none),
    selection: { anchor: 0 },
  });
  forceLinting(editor);
}

element("example").onchange = ({ target }) => openExample(target.value);
element("file").onchange = ({ target }) => {
  path = target.value;
  show(files[path]);
};
element("format").onclick = layOut;
fill(element("example"), ...examples.map(({ name }) => make("option", name)));

/** Checks other texts a few times, so that the browser has compiled the checker before a key is hit. */
async function warmUp() {
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))); // painted first
  for (let round = 0; round < 4 && path; round++)
    for (const end of [" ", ""])
      await checker.ask("change", { path, text: files[path] + end });
}

checker.ready.then(
  () => openExample(examples[0].name).then(warmUp),
  (error) => fill(element("result"), make("p", `The checker did not start: ${error.message}`)),
);
