/**
 * The extension's two ends: what begins with it, and what ends with it.
 */
import * as vscode from "vscode";
import { Problems } from "./problems";
import { Server } from "./server";
import { Tasks } from "./tasks";

let server: Server | undefined;

/** Called with the first blueprint, or the first of our commands. */
export function activate(context: vscode.ExtensionContext): void {
  const files = vscode.workspace.createFileSystemWatcher("**/*.bp");
  const running = new Server(context, (uri) => problems.forget(uri));
  const problems = new Problems((uri) => running.speaksOf(uri));
  const tasks = new Tasks(context, problems);
  server = running;
  const { registerCommand } = vscode.commands;
  context.subscriptions.push(
    running,
    problems,
    files,
    files.onDidChange((uri) => problems.forget(uri)),
    files.onDidDelete((uri) => problems.forget(uri)),
    vscode.tasks.registerTaskProvider("blueprint", tasks),
    registerCommand("blueprint.check", () => tasks.run("check")),
    registerCommand("blueprint.checkAll", () => tasks.checkAll()),
    registerCommand("blueprint.compile", () => tasks.run("compile")),
    registerCommand("blueprint.restartServer", () => running.restart()),
    vscode.workspace.onDidChangeConfiguration(async (event) => {
      if (event.affectsConfiguration("blueprint.server")) await running.restart();
    }),
  );
  void running.start();
}

/** Called when the editor ends. */
export async function deactivate(): Promise<void> {
  await server?.stop();
}
