// The scopes of every example, by `vscode-tmgrammar-snap`: those of `tests/snapshots`, or new ones.
//
//   node tests/snapshots.mjs [--update]
//
// The tool wants a snapshot beside its file, so that both are copied into one folder.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const examples = join(here, "..", "..", "..", "examples");
const kept = join(here, "snapshots");
const folder = mkdtempSync(join(tmpdir(), "colours-"));
const update = process.argv.includes("--update");

for (const name of readdirSync(examples, { recursive: true }))
  if (name.endsWith(".flow"))
    cpSync(join(examples, name), join(folder, name.split(sep).join("-")));
const files = readdirSync(folder);
if (update) rmSync(kept, { recursive: true, force: true });
else cpSync(kept, folder, { recursive: true });
const tool = join(here, "..", "node_modules", ".bin", "vscode-tmgrammar-snap");
const manifest = ["--config", join(here, "..", "package.json")];
const words = [...manifest, ...(update ? ["--updateSnapshot"] : []), join(folder, "*.flow")];
let { status } = spawnSync(tool, words, { stdio: "inherit" });
if (update) {
  mkdirSync(kept, { recursive: true });
  for (const name of files) cpSync(join(folder, `${name}.snap`), join(kept, `${name}.snap`));
} else if (readdirSync(kept).join() !== files.map((name) => `${name}.snap`).join()) {
  // A file without a snapshot gets one, which says nothing.
  console.log("the examples are others than the snapshots; run this with --update");
  status = 1;
}
rmSync(folder, { recursive: true });
process.exitCode = status;
