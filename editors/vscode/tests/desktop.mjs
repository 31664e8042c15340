// The extension as desktops run it, with `flowdsl lsp`: in the Node extension host of a VS Code
// server, which a real Chromium shows.
//
//   node tests/desktop.mjs SERVER [FOLDER FOR PICTURES]
//
// SERVER is `lib/vscode` of the npm package `code-server`, with its dependencies installed. FLOWDSL
// names the program; else it is found on the path.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, finish, startBrowser } from "../../web/tests/browser.mjs";
import { followCursor, mendMisspelling, openPage, runCommand } from "./editing.mjs";

const [home, pictures] = process.argv.slice(2);
const packed = fileURLToPath(new URL("../dist/flowdsl.vsix", import.meta.url));
const port = 5000 + (process.pid % 2000);
const folder = mkdtempSync(join(tmpdir(), "flows-"));
const state = mkdtempSync(join(tmpdir(), "vscode-"));
const program = process.env.FLOWDSL ?? execFileSync("which", ["flowdsl"], { encoding: "utf8" }).trim();
mkdirSync(join(folder, ".vscode"));
writeFileSync(
  join(folder, ".vscode", "settings.json"),
  // Without a processor for pictures the terminal is text of the page.
  JSON.stringify({ "flowdsl.command": [program], "terminal.integrated.gpuAcceleration": "off" }),
);
writeFileSync(join(folder, "flowdsl.toml"), '[project]\nname = "claims"\n');
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
    }
  }
}

test "reads the status" for look_up {
  given { claim = "A-1" }
  reads { status = "open" }
  outputs { status = "open" }
}
`,
);
const main = join(home, "out", "server-main.js");
const places = [`--extensions-dir=${state}/extensions`, `--server-data-dir=${state}/data`];
const accepts = "--accept-server-license-terms";
execFileSync("node", [main, ...places, accepts, `--install-extension=${packed}`], {
  stdio: ["ignore", "ignore", "inherit"],
});
const server = spawn(
  "node",
  [main, ...places, accepts, "--host=127.0.0.1", `--port=${port}`, "--without-connection-token"],
  { stdio: ["ignore", "pipe", "inherit"] },
);
await new Promise((resolve) =>
  server.stdout.on("data", (chunk) => /Web UI available/.test(String(chunk)) && resolve()),
);
const browser = await startBrowser();
const page = await openPage(browser);
const shoot = (name) => pictures && page.screenshot({ path: join(pictures, `desktop-${name}.png`) });
try {
  await page.goto(`http://127.0.0.1:${port}/?folder=${folder}`);
  const trust = page.locator('.monaco-button:has-text("Yes, I trust")');
  await trust.click({ timeout: 30_000 }).catch(() => {});
  await page.click('.explorer-folders-view >> text="look_up.flow"');
  await page.waitForSelector(".view-line span[class*=mtk]");
  await page.waitForSelector(".codelens-decoration >> text=/token/");
  expect("the server answers: tokens stand above the workflow", true);
  await mendMisspelling(page, shoot);
  await page.keyboard.press("Control+Shift+K");
  await page.keyboard.press("Control+S");
  await runCommand(page, "FlowDSL: Show Compiled Prompt");
  await page.waitForSelector(".view-line:has-text('Steps')");
  await followCursor(page, shoot);
  await page.click(".codelens-decoration a:has-text('Run')");
  await page.waitForSelector(".xterm-rows >> text=/1 test passed/");
  expect("the lens runs the test", true);
  await shoot("test");
} catch (error) {
  await shoot("failure");
  expect(String(error), false);
}
await browser.close();
server.kill();
rmSync(state, { recursive: true, force: true });
finish();
