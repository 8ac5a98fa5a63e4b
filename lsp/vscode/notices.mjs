/**
 * Writes `ThirdPartyNotices.txt`: whose code is in the bundle, under which licence, with the licence's text.
 *
 * Which packages these are is what esbuild says that it took in (`out/meta.json`), not what `package.json` names. A package
 * that brings no licence ends the build.
 */
import fs from "node:fs";
import path from "node:path";

/** The files of a package that have to go where its code goes. */
const TEXTS = /^(licen[cs]e|copying|notice|third-?party-?notices)(\.(md|txt))?$/i;
const RULE = "=".repeat(80);

const { inputs } = JSON.parse(fs.readFileSync("out/meta.json", "utf8"));
const folders = new Set(Object.keys(inputs).flatMap((file) => packageOf(file) ?? []));
if (folders.size === 0) throw new Error("out/meta.json names no package, and the bundle has the language client in it");

const notices = [...folders].map(notice).sort((one, other) => (one.title < other.title ? -1 : 1));
const head = `The file out/extension.js has code of these ${notices.length} packages in it:`;
const list = notices.map(({ title }) => `- ${title}`).join("\n");
const texts = notices.map(({ title, text }) => `${RULE}\n${title}\n${RULE}\n\n${text}\n`).join("\n");
fs.writeFileSync("ThirdPartyNotices.txt", `${head}\n\n${list}\n\n${texts}`);

/** The folder of the package that a file belongs to; none for a file of ours. */
function packageOf(file) {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
}

/** What has to be said of a package. */
function notice(folder) {
  const { name, version, license } = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
  const files = fs.readdirSync(folder).filter((file) => TEXTS.test(file)).sort();
  if (!files.some((file) => /^(licen[cs]e|copying)/i.test(file))) {
    throw new Error(`the package ${name} ${version} is in the bundle and has no file with its licence (${license})`);
  }
  const text = files.map((file) => fs.readFileSync(path.join(folder, file), "utf8").replace(/\r\n/g, "\n").trim());
  return { title: `${name} ${version} (${license})`, text: text.join("\n\n") };
}
