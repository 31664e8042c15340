// What the tests in a real browser share.
import { chromium } from "playwright-core";

/** Starts Chromium without a network but for this machine; `CHROMIUM` names another one. */
export function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      // The test server of VS Code gives each frame a name of its own below `localhost`.
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, MAP *.localhost 127.0.0.1",
    ],
  });
}

let failures = 0;

/** Prints whether a claim holds. */
export function expect(claim, holds) {
  if (!holds) failures += 1;
  console.log(`${holds ? "ok  " : "FAIL"} ${claim}`);
}

/** Ends the process: with 1 if a claim did not hold. */
export function finish() {
  process.exit(failures ? 1 : 0);
}
