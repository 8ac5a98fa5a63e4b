/**
 * What a person does in the editor, and what they must see; run by `cargo xtask editor test`.
 *
 * Each step is told on stdout; a step that does not hold ends the run with a sentence, a screenshot `failed.png` and exit
 * code 1.
 */
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { Editor } from "./editor.mjs";
import { Code } from "./code.mjs";

const OPTIONS = {
  /** The folder of code-server's and playwright's packages. */
  code: { type: "string" },
  /** The browser. */
  chromium: { type: "string" },
  /** The packed extension. */
  extension: { type: "string" },
  /** The person's settings. */
  settings: { type: "string" },
  /** Where the editor keeps what it keeps. */
  home: { type: "string" },
  /** The folder that is opened. */
  workspace: { type: "string" },
  /** Where pictures go. */
  screenshots: { type: "string" },
};
const { values: given } = parseArgs({ options: OPTIONS });
const missing = Object.keys(OPTIONS).filter((name) => given[name] === undefined);
if (missing.length > 0) {
  console.error(`missing: ${missing.map((name) => `--${name}`).join(" ")}; cargo xtask editor test knows them all`);
  process.exit(2);
}

const code = await Code.start(given);
const editor = await Editor.open(code.address, given);

/** Fails where this is not so. */
function must(holds, sentence) {
  if (!holds) throw new Error(sentence);
}

async function step(what, work) {
  const begin = Date.now();
  await work();
  console.log(`  ${what} (${((Date.now() - begin) / 1000).toFixed(1)} s)`);
}

try {
  await step("a blueprint is open and highlighted", async () => {
    await editor.show("shop.bp");
    let colours = [];
    await editor.until("the text is coloured", async () => {
      colours = await editor.colours();
      return new Set(colours.map((span) => span.colour)).size > 3;
    });
    const of = (text) => {
      const found = colours.find((span) => span.text.trim() === text);
      must(found !== undefined, `no \`${text}\` is drawn by itself: ${JSON.stringify(colours.slice(0, 40))}`);
      return found.colour;
    };
    const kinds = {
      comment: of("/// How many web servers a cluster runs."),
      keyword: of("blueprint"),
      name: of("version"),
      string: of('"1.4.0"'),
      number: of("3"),
      type: of("Cluster"),
    };
    const different = new Set(Object.values(kinds));
    must(different.size === Object.keys(kinds).length, `these share a colour: ${JSON.stringify(kinds)}`);
    must((await editor.problems()).length === 0, "a blueprint without mistakes has problems");
    await editor.picture("1-highlighting");
  });

  await step("documentation is shown where the pointer rests", async () => {
    const words = await editor.hover("replicas: int", "replicas");
    must(words.includes("How many web servers a cluster runs"), `the hover says: ${words}`);
    await editor.picture("2-hover");
    await editor.leave();
  });

  await step("a definition is one key away, in another file and in the standard library", async () => {
    await editor.put("limits.Profile", "limits.Pro".length);
    await editor.press("F12");
    await editor.until("limits.bp is shown", async () => (await editor.title()) === "limits.bp");
    must((await editor.lineOf("data type Profile")) === 4, "the type is not at its line");
    await editor.show("shop.bp");
    await editor.put("k8s.Deployment", "k8s.Depl".length);
    await editor.press("F12");
    await editor.until("the standard library is shown", async () => (await editor.title()) === "kubernetes.bp");
    await editor.place("node type Deployment extends Object");
    await editor.picture("3-definition");
    await editor.show("shop.bp");
  });

  await step("the language server starts anew", async () => {
    await editor.command("Blueprint: Restart Language Server");
  });

  await step("a mistake is underlined as it is typed", async () => {
    await editor.put('"ClusterIP"', 1 + "ClusterIP".length);
    await editor.press("Backspace", "erIP".length);
    await editor.refuse();
    await editor.until("a problem is shown", async () => (await editor.problems()).length === 1);
    const [problem] = await editor.problems();
    const line = await editor.lineOf('"Clust"');
    must(problem.where === "shop.bp", `the problem is told of ${problem.where}`);
    must(problem.line === line, `the problem is told of line ${problem.line}, and stands in line ${line}`);
    must(problem.text.includes("Clust"), `the problem does not name the text: ${problem.text}`);
    const [squiggle, ...more] = await editor.squiggles();
    must(squiggle !== undefined && more.length === 0, "not one place is underlined");
    const text = await editor.place('"Clust"');
    must(covers(squiggle, text), `underlined is ${JSON.stringify(squiggle)}, the text is at ${JSON.stringify(text)}`);
    await editor.picture("4-mistake");
  });

  await step("a completion mends it", async () => {
    await editor.put('"Clust"', 1 + "Clust".length);
    const offered = await editor.offered();
    must(offered.includes("ClusterIP"), `offered is: ${offered.join(", ")}`);
    await editor.picture("5-completion");
    await editor.accept("ClusterIP");
    await editor.until("nothing is wrong any more", async () => (await editor.problems()).length === 0);
    must((await editor.squiggles()).length === 0, "something is still underlined");
    const line = await editor.textOf("kind     =");
    must(line === '  kind     = "ClusterIP"', `the line is now: ${line}`);
    await editor.picture("6-mended");
  });

  await step("a property that is missing is the first that is offered", async () => {
    await editor.put('image    = "nginx:1.27"', 0);
    await editor.press("Control+Shift+K");
    await editor.until("a problem is shown", async () => (await editor.problems()).length === 1);
    await editor.put("replicas = replicas", 0);
    await editor.press("End");
    await editor.press("Enter");
    const offered = await editor.offered();
    must(offered[0] === "image", `what is offered begins with: ${offered.slice(0, 5).join(", ")}`);
    await editor.picture("7-properties");
    await editor.accept("image");
    // The quotes are there already.
    await editor.write("nginx:1.27");
    await editor.refuse();
    await editor.until("nothing is wrong any more", async () => (await editor.problems()).length === 0);
    await editor.press("Control+S");
    const laidOut = '  image    = "nginx:1.27"';
    await editor.until("saving brings it into the one layout", async () => (await editor.textOf("image")) === laidOut);
    await editor.picture("8-completed");
  });

  await step("a variable that a template misspells is underlined in the template", async () => {
    await editor.show("page.hbs");
    await editor.put("{{size}}", "{{size".length);
    await editor.write("s");
    await editor.until("a problem is shown", async () => (await editor.problems()).length === 1);
    const [problem] = await editor.problems();
    must(problem.where === "page.hbs" && problem.line === 2, `the problem is at ${problem.where}:${problem.line}`);
    must((await editor.squiggles()).length === 1, "nothing is underlined in the template");
    await editor.picture("9-template");
    await editor.press("Backspace");
    await editor.until("nothing is wrong any more", async () => (await editor.problems()).length === 0);
    await editor.show("shop.bp");
  });

  await step("a blueprint that is not saved yet is checked, too", async () => {
    await editor.create("Blueprint");
    await editor.write("const most: int = tru");
    await editor.refuse();
    // While it is typed other things are wrong with it.
    const unknown = (problem) => problem.text.includes("there is no `tru`");
    await editor.until("the name that is not there is told of", async () => (await editor.problems()).some(unknown));
    const [problem] = (await editor.problems()).filter(unknown);
    must(problem?.where === "Untitled-1" && problem.line === 1, `the problem is at ${problem?.where}:${problem?.line}`);
    must((await editor.squiggles()).length === 1, "not one place is underlined");
    await editor.picture("10-untitled");
    await editor.command("View: Revert and Close Editor");
    await editor.until("nothing is wrong any more", async () => (await editor.problems()).length === 0);
  });

  await step("a check of all files finds what is not open", async () => {
    await editor.command("Blueprint: Check All Files of the Workspace");
    await editor.until("a problem is shown", async () => (await editor.problems()).length > 0, 30_000);
    const problems = await editor.problems();
    must(problems.length === 1, `one problem is expected: ${JSON.stringify(problems)}`);
    const [problem] = problems;
    must(problem.where === "nightly.bp" && problem.line === 7, `the problem is at ${problem.where}:${problem.line}`);
    must(problem.text.includes("there is no unit `Gib`"), `the problem says: ${problem.text}`);
    await editor.picture("11-check");
  });

  await step("a quick fix mends it", async () => {
    await editor.show("nightly.bp");
    await editor.put("20Gib", 2);
    await editor.press("Control+.");
    await editor.picture("12-quick-fix");
    await editor.choice("GiB");
    await editor.until("nothing is wrong any more", async () => (await editor.problems()).length === 0);
    must((await editor.textOf("input room")).endsWith("= 20GiB"), "the fix did not change the text");
    await editor.press("Control+S");
  });

  await step("a blueprint is compiled", async () => {
    await editor.show("shop.bp");
    await editor.command("Blueprint: Compile");
    const plan = path.join(given.workspace, "shop.plan");
    const told = "the plan is written to shop.plan";
    await editor.until("the compiler's words are shown", async () => (await editor.terminal()).includes(told), 30_000);
    must(fs.existsSync(plan), `there is no ${plan}`);
    await editor.picture("13-compiled");
  });

  await step("a language server that is not there is told of", async () => {
    code.set("blueprint.server.path", "/no/such/bpls");
    const told = "The setting blueprint.server.path names `/no/such/bpls`, and there is no such file.";
    await editor.until("a sentence says so", async () => (await editor.told()).includes(told));
    await editor.picture("14-no-server");
  });
} catch (error) {
  await editor.picture("failed");
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  await editor.close();
  await code.stop();
}

/** Whether an underline is that of a text: the same line, and the same width, as far as drawing is exact. */
function covers(underline, text) {
  const near = (one, other) => Math.abs(one - other) <= 3;
  const sameLine = Math.abs(underline.y + underline.height / 2 - (text.y + text.height / 2)) < text.height / 2;
  return sameLine && near(underline.x, text.x) && near(underline.width, text.width);
}
