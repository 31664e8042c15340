// What the tests of the extension do in either build of VS Code.
import { expect } from "../../web/tests/browser.mjs";

/** Opens a page that waits as long as `PATIENCE` says, in seconds. */
export async function openPage(browser) {
  const page = await browser.newPage({ viewport: { width: 1400, height: 850 } });
  page.setDefaultTimeout(Number(process.env.PATIENCE ?? 60) * 1000);
  return page;
}

/** Runs a command by its title. */
export async function runCommand(page, title) {
  await page.keyboard.press("F1");
  await page.waitForSelector(".quick-input-box input");
  await page.fill(".quick-input-box input", `>${title}`);
  await page.waitForSelector(`.quick-input-list .monaco-list-row:has-text("${title}")`);
  await page.keyboard.press("Enter");
}

/** Writes a misspelt name below the reading of the flow, and has a quick fix mend it. */
export async function mendMisspelling(page, shoot) {
  await page.click(".view-line:has-text('extract')");
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await page.keyboard.insertText("emit status = statsu");
  await page.waitForSelector(".squiggly-error");
  expect("a misspelt name has a squiggle", true);
  await shoot("squiggle");
  await page.keyboard.press("Control+.");
  await page.waitForSelector(".action-widget .monaco-list-row");
  await shoot("actions");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => !document.querySelector(".squiggly-error"));
  expect("a quick fix mends it", /=\sstatus/.test(await page.textContent(".view-lines")));
}

/** Puts the cursor on the instruction of the flow, and waits for its line in the preview. */
export async function followCursor(page, shoot) {
  await page.click(".view-line:has-text('Open claim') >> nth=0");
  await page.waitForSelector("[class*=TextEditorDecorationType]", { state: "attached" });
  expect("the preview follows the cursor", true);
  await shoot("preview");
}
