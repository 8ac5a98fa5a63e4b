/**
 * Highlights whole files (arguments: files and folders of `.bp`), and holds three things of each:
 *
 * - nothing but blanks is left without a scope of its own: the grammar knows every construct in use;
 * - nothing is marked as illegal;
 * - the file ends where it began: no string, comment or type runs on past its end.
 */
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(import.meta.url);
// What highlights in the editor; the highlighting tests bring it along.
const textmate = require("vscode-textmate");
const oniguruma = require("vscode-oniguruma");

const root = path.resolve(import.meta.dirname, "..");
const scope = "source.blueprint";

const wasm = fs.readFileSync(path.join(path.dirname(require.resolve("vscode-oniguruma")), "onig.wasm"));
const onigLib = oniguruma.loadWASM(wasm).then(() => ({
  createOnigScanner: (sources) => new oniguruma.OnigScanner(sources),
  createOnigString: (text) => new oniguruma.OnigString(text),
}));
const grammarFile = path.join(root, "syntaxes/blueprint.tmLanguage.json");
const registry = new textmate.Registry({
  onigLib,
  loadGrammar: async () => textmate.parseRawGrammar(fs.readFileSync(grammarFile, "utf8"), grammarFile),
});
const grammar = await registry.loadGrammar(scope);

/** Every blueprint at or below a path. */
function* blueprints(at) {
  if (!fs.statSync(at).isDirectory()) {
    yield at;
    return;
  }
  for (const entry of fs.readdirSync(at).sort()) {
    const below = path.join(at, entry);
    if (fs.statSync(below).isDirectory() || entry.endsWith(".bp")) yield* blueprints(below);
  }
}

/** What is wrong with the highlighting of a file, a sentence each. */
function mistakes(file) {
  const found = [];
  let state = textmate.INITIAL;
  const lines = fs.readFileSync(file, "utf8").split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, state);
    state = ruleStack;
    for (const token of tokens) {
      const text = line.slice(token.startIndex, token.endIndex);
      const at = `${file}:${index + 1}:${token.startIndex + 1}`;
      const own = token.scopes.filter((name) => name !== scope && !name.startsWith("meta."));
      if (own.length === 0 && text.trim() !== "") found.push(`${at}: \`${text}\` has no scope`);
      const illegal = own.find((name) => name.startsWith("invalid."));
      if (illegal !== undefined) found.push(`${at}: \`${text}\` is ${illegal}`);
    }
  }
  const { tokens } = grammar.tokenizeLine("x", state);
  const left = tokens[0].scopes.filter((name) => name !== scope && !name.startsWith("variable."));
  if (left.length > 0) found.push(`${file}: something is still open at its end: ${left.join(" ")}`);
  return found;
}

const files = process.argv.slice(2).flatMap((at) => [...blueprints(at)]);
if (files.length === 0) {
  console.error("no file to highlight: name files or folders of .bp files");
  process.exit(2);
}
const found = files.flatMap(mistakes);
for (const sentence of found) console.error(sentence);
console.log(`${files.length} files highlighted, ${found.length} mistakes`);
process.exitCode = found.length === 0 ? 0 : 1;
