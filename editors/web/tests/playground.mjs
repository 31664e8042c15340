// The playground in a real browser: it starts, finds a mistake, fixes it, shows the prompt and runs
// the tests, on a wide screen and on a phone, with every other origin out of reach.
//
//   node tests/playground.mjs [FOLDER FOR PICTURES]
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, finish, startBrowser } from "./browser.mjs";

const dist = fileURLToPath(new URL("../dist", import.meta.url));
const pictures = process.argv[2];
const TYPES = {
  ".html": "text/html",
  ".css": "text/css",
  ".mjs": "text/javascript",
  ".js": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

const BARE = {
  "/bare.html": "<!doctype html><body><script src=bare.js></script>",
  "/bare.js": "new Worker('bare-worker.js').onmessage = () => (document.body.dataset.checked = 1);",
  "/bare-worker.js": `
    import("./pyodide/pyodide.mjs")
      .then(({ loadPyodide }) => loadPyodide({ indexURL: new URL("pyodide/", location.href).href }))
      .then(() => postMessage("ready"));`,
};

const server = createServer(async (request, response) => {
  const name = normalize(new URL(request.url, "http://localhost").pathname).replace(/\/$/, "/index.html");
  try {
    const content = BARE[name] ?? (await readFile(join(dist, name)));
    response.writeHead(200, { "content-type": TYPES[extname(name)] ?? "application/octet-stream" }).end(content);
  } catch {
    response.writeHead(404).end();
  }
}).listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const home = `http://127.0.0.1:${server.address().port}/`;

const browser = await startBrowser();

/** Milliseconds until Pyodide alone has started, in a page of its own. */
async function timePyodide() {
  const page = await browser.newPage();
  const begun = Date.now();
  await page.goto(`${home}bare.html`);
  await page.waitForSelector("body[data-checked]", { state: "attached", timeout: 120_000 });
  await page.close();
  return Date.now() - begun;
}
const bare = await timePyodide();
console.log(`     Pyodide alone starts in ${bare} ms`);

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
  const first = Date.now() - begun;
  console.log(`     ${name}: first check after ${first} ms, ${(first / bare).toFixed(2)} of Pyodide alone`);
  expect("the first check takes at most 0.6 of a start of Pyodide", first <= 0.6 * bare);
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
finish();
