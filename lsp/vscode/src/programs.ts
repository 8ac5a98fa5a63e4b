/**
 * Where `bpls` and `bpc` are: named by a setting, packed inside the extension, or on the PATH.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import * as vscode from "vscode";

/** A program of the product, and the setting that may name it. */
export interface Program {
  readonly name: string;
  readonly setting: string;
}

export const SERVER: Program = { name: "bpls", setting: "blueprint.server.path" };
export const COMPILER: Program = { name: "bpc", setting: "blueprint.compiler.path" };

/** The program's file. Throws a sentence for a person where there is none. */
export function find(program: Program, context: vscode.ExtensionContext): string {
  const named = vscode.workspace.getConfiguration().get<string>(program.setting, "").trim();
  if (named !== "") {
    if (isFile(named)) return named;
    throw new Error(
      `The setting ${program.setting} names \`${named}\`, and there is no such file. Correct the setting, or ` +
        `empty it to use the \`${program.name}\` that comes with the extension.`,
    );
  }
  const file = process.platform === "win32" ? `${program.name}.exe` : program.name;
  const packed = context.asAbsolutePath(path.join("server", file));
  if (isFile(packed)) return packed;
  const folders = (process.env["PATH"] ?? "").split(path.delimiter).filter((folder) => folder !== "");
  const found = folders.map((folder) => path.join(folder, file)).find(isFile);
  if (found !== undefined) return found;
  throw new Error(
    `There is no \`${program.name}\`: not inside the extension, not on the PATH. Install the extension that is packed ` +
      `for this platform, or name the program's file in the setting ${program.setting}.`,
  );
}

/** Shows why something failed, with a way to the setting that mends it. */
export async function explain(program: Program, error: unknown): Promise<void> {
  const words = error instanceof Error ? error.message : String(error);
  const open = "Open Setting";
  if ((await vscode.window.showErrorMessage(words, open)) === open) {
    await vscode.commands.executeCommand("workbench.action.openSettings", program.setting);
  }
}

function isFile(file: string): boolean {
  try {
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}
