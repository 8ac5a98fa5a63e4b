/**
 * The editor as a person sees it: what stands where, what is underlined, what is offered; keys and the pointer.
 *
 * Nothing here reaches into the editor: everything is read from what is drawn.
 */
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

/** How long anything may take unless it says so. */
const PATIENCE = 20_000;

/** How Chromium is started: no window, and nothing that it would do by itself. */
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--force-color-profile=srgb",
  "--font-render-hinting=none",
];

export class Editor {
  /** Opens the workspace in a browser, and waits until the workbench is there. */
  static async open(address, { code, chromium: executablePath, workspace, screenshots }) {
    fs.mkdirSync(screenshots, { recursive: true });
    const { chromium: browser } = createRequire(path.join(code, "package.json"))("playwright-core");
    const chromium = await browser.launch({ executablePath, args: FLAGS });
    const context = await chromium.newContext({ viewport: { width: 1360, height: 1120 }, deviceScaleFactor: 1.5 });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    const editor = new Editor(chromium, page, screenshots);
    try {
      await page.goto(`${address}/?folder=${encodeURIComponent(workspace)}`, { timeout: 60_000 });
      await page.waitForSelector(".monaco-workbench .explorer-folders-view .monaco-list-row", { timeout: 60_000 });
    } catch (error) {
      await editor.picture("failed");
      await editor.close();
      throw error;
    }
    return editor;
  }

  constructor(chromium, page, screenshots) {
    this.chromium = chromium;
    this.page = page;
    this.screenshots = screenshots;
  }

  close() {
    return this.chromium.close();
  }

  picture(name) {
    return this.page.screenshot({ path: path.join(this.screenshots, `${name}.png`) });
  }

  /** Waits until it is so; fails with the sentence. */
  async until(sentence, holds, patience = PATIENCE) {
    const begin = Date.now();
    while (!(await holds())) {
      if (Date.now() - begin > patience) throw new Error(`it does not come to this: ${sentence}`);
      await this.page.waitForTimeout(50);
    }
  }

  // ---- files and commands ---------------------------------------------------

  /** Opens a file of the workspace. */
  async show(file) {
    await this.page.keyboard.press("Control+P");
    await this.choose(file, ".label-name", file);
    await this.page.waitForSelector(`.tab.active[data-resource-name="${file}"]`);
    await this.page.waitForSelector(".editor-instance .view-line");
  }

  /** Runs a command of the palette. */
  async command(title) {
    await this.page.keyboard.press("F1");
    await this.choose(`>${title}`, ".label-name", title);
  }

  /** Opens a file that is nowhere yet, in a language that is chosen from the list. */
  async create(language) {
    await this.command("File: New Untitled Text File");
    await this.page.waitForSelector('.tab.active[data-resource-name^="Untitled-"]');
    await this.page.keyboard.press("F1");
    await this.take(">Change Language Mode", ".label-name", "Change Language Mode");
    await this.page.waitForSelector('.quick-input-widget input[placeholder*="Language Mode"]');
    await this.choose(language, ".label-name", language);
  }

  /** Types into the quick input, and takes the entry of this name, which ends the input. */
  async choose(text, part, name) {
    await this.take(text, part, name);
    await this.page.waitForSelector(".quick-input-widget", { state: "hidden" });
  }

  /** Types into the quick input, and takes the entry of this name. */
  async take(text, part, name) {
    const input = this.page.locator(".quick-input-widget:visible input[type=text]");
    await input.fill(text);
    const rows = this.page.locator(".quick-input-list .monaco-list-row");
    const row = rows.filter({ has: this.page.locator(part, { hasText: name }) }).first();
    await row.waitFor();
    await row.click();
  }

  /** Types, as a person does. */
  write(text) {
    return this.page.keyboard.type(text, { delay: 20 });
  }

  /** Presses a key, once or more often. */
  async press(key, times = 1) {
    for (let time = 0; time < times; time += 1) await this.page.keyboard.press(key);
  }

  /** Which file is shown. */
  title() {
    return this.page.locator(".tab.active").getAttribute("data-resource-name");
  }

  // ---- what is drawn --------------------------------------------------------

  /**
   * The lines of the text that are drawn: number, text, and a box for a part of it where it is asked for. Lines are not in
   * order in the page, and their numbers are drawn apart.
   */
  lines(wanted) {
    return this.page.evaluate((wanted) => {
      const editor = document.querySelector(".editor-instance .monaco-editor");
      // Between two files there is none.
      if (editor === null) return [];
      const middle = (box) => box.y + box.height / 2;
      const numbers = [...editor.querySelectorAll(".margin .line-numbers")].map((element) => ({
        at: middle(element.getBoundingClientRect()),
        number: Number(element.textContent),
      }));
      return [...editor.querySelectorAll(".view-lines .view-line")].map((element) => {
        const box = element.getBoundingClientRect();
        const beside = numbers.find((entry) => Math.abs(entry.at - middle(box)) < box.height / 2);
        const text = element.textContent.replace(/\u00a0/g, " ").replace(/\u200c/g, "");
        const line = { number: beside?.number, text };
        const start = wanted === undefined ? -1 : text.indexOf(wanted.text);
        if (start < 0) return line;
        const range = document.createRange();
        const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
        const [from, to] = [start + wanted.from, start + wanted.to];
        let seen = 0;
        for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
          const end = seen + node.data.length;
          if (seen <= from && from <= end) range.setStart(node, from - seen);
          if (seen <= to && to <= end) range.setEnd(node, to - seen);
          seen = end;
        }
        const { x, y, width, height } = range.getBoundingClientRect();
        return { ...line, box: { x, y, width, height } };
      });
    }, wanted);
  }

  /** Where a text is drawn, or a part of it. */
  async place(text, from = 0, to = text.length) {
    let found;
    await this.until(`\`${text}\` is on the screen`, async () => {
      found = (await this.lines({ text, from, to })).find((line) => line.box !== undefined);
      return found !== undefined;
    });
    return found.box;
  }

  /** The line that holds a text. */
  async lineWith(text) {
    let found;
    await this.until(`\`${text}\` is on the screen`, async () => {
      found = (await this.lines()).find((line) => line.text.includes(text) && line.number !== undefined);
      return found !== undefined;
    });
    return found;
  }

  /** The number of the line that holds a text. */
  async lineOf(text) {
    return (await this.lineWith(text)).number;
  }

  /** The whole line that holds a text. */
  async textOf(text) {
    return (await this.lineWith(text)).text;
  }

  /** Every piece of text with its colour. */
  colours() {
    return this.page.evaluate(() =>
      [...document.querySelectorAll(".editor-instance .view-lines .view-line span span")].map((element) => ({
        text: element.textContent.replace(/\u00a0/g, " "),
        colour: getComputedStyle(element).color,
      })),
    );
  }

  /** Where something is underlined as an error. */
  async squiggles() {
    const boxes = await this.page.locator(".editor-instance .squiggly-error").all();
    return Promise.all(boxes.map((box) => box.boundingBox()));
  }

  /** What the Problems panel shows: file, line, text. */
  async problems() {
    const panel = this.page.locator(".markers-panel");
    if (!(await panel.isVisible())) {
      await this.page.keyboard.press("Control+Shift+M");
      await panel.waitFor();
    }
    const labels = await panel.locator(".monaco-list-row").evaluateAll((rows) =>
      rows
        .sort((one, other) => one.getBoundingClientRect().y - other.getBoundingClientRect().y)
        .map((row) => row.getAttribute("aria-label") ?? ""),
    );
    const problems = [];
    let where = "";
    for (const label of labels) {
      const file = /problems? in file (.+?)(?: of folder|$)/.exec(label);
      const problem = /^(Error|Warning): ([^]*?) at line (\d+) and character (\d+)/.exec(label);
      if (file !== null) where = file[1];
      if (problem !== null) problems.push({ where, text: problem[2], line: Number(problem[3]), column: Number(problem[4]) });
    }
    return problems;
  }

  /** What the notifications say. */
  async told() {
    return (await this.page.locator(".notification-list-item-message").allTextContents()).join("\n");
  }

  /** What the terminal shows. */
  async terminal() {
    const rows = await this.page.locator(".terminal-wrapper.active .xterm-rows > div").allTextContents();
    return rows.join("").replace(/\u00a0/g, " ");
  }

  /** What is shown when the pointer rests on a word in a text. */
  async hover(text, word) {
    const from = text.indexOf(word);
    const box = await this.place(text, from, from + word.length);
    const shown = this.page.locator(".monaco-hover:visible .hover-contents");
    await this.until("something is shown beside the pointer", async () => {
      await this.page.mouse.move(box.x - 3, box.y + 2);
      await this.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 4 });
      await this.page.waitForTimeout(700);
      return (await shown.count()) > 0 && !(await shown.first().textContent()).startsWith("Loading");
    });
    return (await shown.allTextContents()).join("\n");
  }

  /** Takes the pointer off the text. */
  async leave() {
    await this.page.keyboard.press("Escape");
    await this.page.mouse.move(2, 2);
    await this.page.waitForSelector(".monaco-hover", { state: "hidden" });
  }

  // ---- edits ----------------------------------------------------------------

  /** Puts the cursor into a text, behind so many characters of it. */
  async put(text, behind) {
    const box = await this.place(text, behind, behind);
    await this.page.mouse.click(box.x, box.y + box.height / 2);
  }

  /** What is offered where the cursor is. */
  async offered() {
    const rows = this.page.locator(".suggest-widget.visible .monaco-list-row .label-name");
    if ((await rows.count()) === 0) await this.page.keyboard.press("Control+Space");
    await rows.first().waitFor();
    return rows.allTextContents();
  }

  /** Takes what is offered under this name. */
  async accept(name) {
    const chosen = this.page.locator(".suggest-widget.visible .monaco-list-row.focused .label-name");
    for (let row = 0; (await chosen.textContent()) !== name; row += 1) {
      if (row > 50) throw new Error(`\`${name}\` is not among what is offered`);
      await this.page.keyboard.press("ArrowDown");
    }
    await this.page.keyboard.press("Enter");
    await this.page.waitForSelector(".suggest-widget.visible", { state: "hidden" });
  }

  /** Takes the entry that holds these words of the menu beside the cursor. */
  async choice(words) {
    const entry = this.page.locator(".action-widget .monaco-list-row.action", { hasText: words }).first();
    await entry.waitFor();
    await entry.click();
  }

  /** Closes what is offered, where something is. */
  async refuse() {
    if (await this.page.locator(".suggest-widget.visible").isVisible()) await this.page.keyboard.press("Escape");
  }
}
