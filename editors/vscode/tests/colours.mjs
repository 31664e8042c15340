// Compares the colours of the TextMate grammar with the tokens that Lark reads: a keyword of the
// language is a keyword here, a name is none, texts and numbers are what they are.
//
//   node tests/colours.mjs FILE...
//
// Lark and the grammar of colours share no table. Prints every place where they differ.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const oniguruma = require("vscode-oniguruma");
const textmate = require("vscode-textmate");
const here = dirname(fileURLToPath(import.meta.url));

const WORD = /^(keyword|storage|constant\.language|support\.type)/;
const FITS = {
  keyword: (scope) => WORD.test(scope),
  // Types, `today` and `never` are names to the grammar of the language.
  name: (scope) => !/^(keyword|storage|string|comment)/.test(scope),
  text: (scope) => /^string/.test(scope),
  number: (scope) => /^constant\.numeric/.test(scope),
};

async function loadGrammar() {
  const wasm = readFileSync(require.resolve("vscode-oniguruma/release/onig.wasm"));
  await oniguruma.loadWASM(wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.length));
  const path = join(here, "..", "syntaxes", "flow.tmLanguage.json");
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () => textmate.parseRawGrammar(readFileSync(path, "utf8"), path),
  });
  return registry.loadGrammar("source.flowdsl");
}

function colourLines(grammar, text) {
  let state = textmate.INITIAL;
  return text.split("\n").map((line) => {
    const read = grammar.tokenizeLine(line.replace(/\r$/, ""), state);
    state = read.ruleStack;
    return read.tokens;
  });
}

const files = process.argv.slice(2);
const python = process.env.PYTHON ?? "python";
const output = execFileSync(python, [join(here, "tokens.py"), ...files], { maxBuffer: 1 << 28 });
const grammar = await loadGrammar();
let compared = 0;
let different = 0;
const read = Object.entries(JSON.parse(output));
for (const [file, { text, tokens }] of read) {
  const lines = text.split("\n");
  const coloured = colourLines(grammar, text);
  for (const [line, column, length, kind] of tokens) {
    const at = coloured[line].find((each) => each.startIndex <= column && column < each.endIndex);
    // The scope below any text: a value inside a text is a part of it.
    const scope = at?.scopes.at(kind === "text" ? 1 : -1) ?? "";
    compared += 1;
    if (FITS[kind](scope)) continue;
    different += 1;
    const word = lines[line].slice(column, column + length);
    console.log(`${file}:${line + 1}:${column + 1}: ${kind} \`${word}\` is \`${scope}\``);
  }
}
console.log(`${compared} tokens of ${read.length} files compared, ${different} differ`);
// A name that is a keyword elsewhere cannot always be told apart without parsing.
process.exitCode = !compared || different > compared * 0.003 ? 1 : 0;
