// Builds `dist`: the extension for desktops, and the one for the web with its worker and checker.
//
// The web part needs `../web/dist`: run `npm run build` there first.
import { build } from "esbuild";
import { cpSync, existsSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
rmSync(`${here}dist`, { recursive: true, force: true });
cpSync(`${here}../../LICENSE`, `${here}LICENSE`);
const common = { bundle: true, minify: true, target: "es2022", external: ["vscode"] };
await build({
  ...common,
  entryPoints: [`${here}src/extension.ts`],
  outdir: `${here}dist`,
  platform: "node",
  format: "cjs",
});
await build({
  ...common,
  entryPoints: [`${here}src/web.ts`],
  outdir: `${here}dist`,
  platform: "browser",
  format: "cjs",
});
const web = `${here}../web/dist`;
if (!existsSync(web)) throw new Error("there is no editors/web/dist; run `npm run build` there");
for (const name of ["worker.js", "memory.bin", "files.bin", "pyodide"])
  cpSync(`${web}/${name}`, `${here}dist/web/${name}`, { recursive: true });
