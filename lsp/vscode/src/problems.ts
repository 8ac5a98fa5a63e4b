/**
 * What a check found, shown until the language server, or a change of the file, makes it old.
 *
 * The server knows what is open, and the files that these use, as they are typed. What it says of a file always wins.
 */
import * as fs from "node:fs";
import * as vscode from "vscode";

/** A line of `bpc --message-format json`. */
export interface Message {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly file: string;
  readonly range: { readonly start: Place; readonly end: Place };
  readonly help: string | null;
}

/** Line and column from 1; columns count characters. */
interface Place {
  readonly line: number;
  readonly column: number;
}

/** The problems of checks and compilations. */
export class Problems implements vscode.Disposable {
  private readonly shown = vscode.languages.createDiagnosticCollection("blueprint-check");

  /** Whether the server speaks of a file: it is open, or something is wrong with it. */
  constructor(private readonly isServed: (uri: vscode.Uri) => boolean) {}

  /** Shows what a run found, in place of what was known of these files. */
  show(checked: readonly string[], messages: readonly Message[]): void {
    for (const file of checked) this.shown.delete(vscode.Uri.file(file));
    const files = new Map<string, Message[]>();
    for (const message of messages) {
      files.set(message.file, [...(files.get(message.file) ?? []), message]);
    }
    for (const [file, found] of files) {
      const uri = vscode.Uri.file(file);
      if (this.isServed(uri)) continue;
      const lines = linesOf(file);
      this.shown.set(uri, found.map((message) => diagnostic(message, lines)));
    }
  }

  /** What was found in a file is old. */
  forget(uri: vscode.Uri): void {
    this.shown.delete(uri);
  }

  dispose(): void {
    this.shown.dispose();
  }
}

function diagnostic(message: Message, lines: readonly string[]): vscode.Diagnostic {
  const { start, end } = message.range;
  const range = new vscode.Range(position(start, lines), position(end, lines));
  const words = message.help === null ? message.message : `${message.message}\nhelp: ${message.help}`;
  const severity =
    message.severity === "error" ? vscode.DiagnosticSeverity.Error : vscode.DiagnosticSeverity.Warning;
  const shown = new vscode.Diagnostic(range, words, severity);
  shown.code = message.code;
  shown.source = "bpc";
  return shown;
}

/** The editor counts from 0, and in UTF-16. */
function position(place: Place, lines: readonly string[]): vscode.Position {
  const before = Array.from(lines[place.line - 1] ?? "").slice(0, place.column - 1);
  return new vscode.Position(place.line - 1, before.join("").length);
}

function linesOf(file: string): string[] {
  try {
    return fs.readFileSync(file, "utf8").split(/\r?\n/);
  } catch {
    // A file that cannot be read is what the message is about.
    return [];
  }
}
