// The playground in a real browser: it starts, finds a mistake, fixes it, shows the prompt and runs
// the tests, on a wide screen and on a phone, with every other origin out of reach.
//
//   node tests/playground.mjs [FOLDER FOR PICTURES]
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const dist = fileURLToPath(new URL("../dist", import.meta.url));
const pictures = process.argv[2];
const TYPES = {
  ".html": "text/html",
  ".css": "text/css",
  ".mjs": "text/javascript",
  ".js": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".zip": "application/zip",
};

const server = createServer(async (request, response) => {
  const name = normalize(new URL(request.url, "http://localhost").pathname).replace(/\/$/, "/index.html");
  try {
    const content = await readFile(join(dist, name));
    response.writeHead(200, { "content-type": TYPES[extname(name)] ?? "text/plain" }).end(content);
  } catch {
    response.writeHead(404).end();
  }
}).listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const home = `http://127.0.0.1:${server.address().port}/`;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
  ],
});
let failures = 0;
function expect(what, holds) {
  if (!holds) failures += 1;
  console.log(`${holds ? "ok  " : "FAIL"} ${what}`);
}

for (const [name, width, height, colorScheme] of [
  ["wide-light", 1280, 800, "light"],
  ["phone-dark", 390, 844, "dark"],
]) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme });
  const page = await context.newPage();
  const elsewhere = [];
  const errors = [];
  page.on("request", (each) => each.url().startsWith(home) || elsewhere.push(each.url()));
  page.on("pageerror", (error) => errors.push(error.message) && console.log(error.message));
  page.setDefaultTimeout(60_000);
  const begun = Date.now();
  await page.goto(home);
  await page.waitForSelector("body[data-checked]").catch(async (error) => {
    console.log(await page.textContent("#result"), errors);
    throw error;
  });
  console.log(`     ${name}: first check after ${Date.now() - begun} ms`);
  const shoot = (what) =>
    pictures && page.screenshot({ path: join(pictures, `${name}-${what}.png`) });

  await page.waitForSelector(".token-keyword");
  expect("no problem in the first example", (await page.textContent("#result")) === "No problems.");
  await page.click(".cm-line >> nth=1");
  await page.keyboard.press("Control+End");
  await page.keyboard.insertText(
    '\nworkflow extra { title = "Extra" steps { step "S" { do "Open {compny}." } } }',
  );
  await page.waitForSelector(".finding.error");
  expect("a misspelt name is an error", (await page.textContent("#result")).includes("compny"));
  expect("it has a squiggle", (await page.$$(".cm-lintRange-error")).length > 0);
  const times = [];
  for (const key of "abcdefghij") {
    const before = await page.evaluate(() => document.body.dataset.checked);
    await page.keyboard.type(key);
    await page.waitForFunction((old) => document.body.dataset.checked !== old, before);
    times.push(Number(await page.evaluate(() => document.body.dataset.milliseconds)));
  }
  times.sort((a, b) => a - b);
  console.log(`     ${name}: a keystroke is checked after ${times[5]} ms (median of ${times})`);
  await shoot("problems");
  for (let index = 0; index < 10; index++) await page.keyboard.press("Backspace");

  await page.selectOption("#example", "clinic");
  await page.waitForFunction(() => document.querySelector(".cm-content").textContent.includes("patient"));
  await page.click('[data-shows="prompt"]');
  await page.waitForSelector(".prompt .line");
  expect("the prompt is compiled", (await page.textContent(".prompt")).includes("Steps"));
  await page.click(".cm-line:has-text('do \"')");
  await page.waitForSelector(".line.marked");
  expect("its lines follow the cursor", true);
  await shoot("prompt");
  await page.click('[data-shows="schemas"]');
  await page.waitForSelector("#result h2");
  await page.selectOption("#file", "flows/patient_lookup_tests.flow");
  await page.click('[data-shows="tests"]');
  await page.waitForFunction(() => /\d+ (tests? )?passed|passed/.test(document.querySelector("#result").textContent));
  expect("the tests pass", !(await page.textContent("#result")).includes("failed"));
  await shoot("tests");
  expect("nothing was asked of another origin", elsewhere.length === 0);
  expect("no error in the page", errors.length === 0 || console.log(errors));
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect("the page is not wider than the screen", overflow <= 0);
  await context.close();
}
await browser.close();
server.close();
process.exit(failures ? 1 : 0);
