/**
 * One run of `bpc` in a terminal of the editor.
 */
import { type ChildProcess, spawn } from "node:child_process";
import * as path from "node:path";
import * as vscode from "vscode";
import type { Message } from "./problems";

/** What is run, and who is told of what it found. */
export interface Order {
  readonly compiler: string;
  readonly verb: "check" | "compile";
  readonly files: readonly string[];
  readonly folder: string;
  readonly found: (messages: readonly Message[]) => void;
}

export class Run implements vscode.Pseudoterminal {
  private readonly write = new vscode.EventEmitter<string>();
  private readonly end = new vscode.EventEmitter<number>();
  readonly onDidWrite = this.write.event;
  readonly onDidClose = this.end.event;
  private child: ChildProcess | undefined;

  constructor(private readonly order: Order) {}

  open(): void {
    const { compiler, verb, files, folder } = this.order;
    const names = files.map((file) => path.relative(folder, file));
    this.say(`bpc ${verb} ${names.length > 4 ? `(${names.length} files)` : names.join(" ")}`);
    const child = spawn(compiler, [verb, "--message-format", "json", "--", ...files], { cwd: folder });
    this.child = child;
    const words = { out: "", err: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (words.out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (words.err += text));
    child.once("error", (error) => this.over(`${compiler} did not start: ${error.message}`, 1));
    child.once("close", (code) => this.ended(words.out, words.err, code));
  }

  close(): void {
    this.child?.kill();
  }

  private ended(out: string, err: string, code: number | null): void {
    const { verb, files, folder, found } = this.order;
    const messages: Message[] = [];
    for (const line of out.split("\n")) {
      const message = parse(line, folder);
      if (message !== undefined) messages.push(message);
    }
    found(messages);
    for (const { file, range, severity, code: name, message, help } of messages) {
      const colour = severity === "error" ? 31 : 33;
      const place = `${path.relative(folder, file)}:${range.start.line}:${range.start.column}`;
      this.say(`${place}: \x1b[${colour}m${severity}[${name}]\x1b[0m: ${message}`);
      if (help !== null) this.say(`  help: ${help}`);
    }
    if (err.trim() !== "") this.say(err.trim());
    if (code === null) return this.over("it was ended", 1);
    if (code !== 0) return this.over("", code);
    const plan = path.relative(folder, files[0] ?? "").replace(/\.bp$/, ".plan");
    this.over(verb === "compile" ? `the plan is written to ${plan}` : "nothing is wrong", 0);
  }

  private say(text: string): void {
    this.write.fire(`${text.replace(/\r?\n/g, "\r\n")}\r\n`);
  }

  private over(words: string, code: number): void {
    if (words !== "") this.say(words);
    this.end.fire(code);
  }
}

function parse(line: string, folder: string): Message | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const message = JSON.parse(line) as Message;
    return { ...message, file: path.resolve(folder, message.file) };
  } catch {
    return undefined;
  }
}
