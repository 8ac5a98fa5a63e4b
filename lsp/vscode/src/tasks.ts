/**
 * `bpc` as tasks of the editor: check and compile, with what is wrong in the Problems panel.
 */
import * as path from "node:path";
import * as vscode from "vscode";
import type { Problems } from "./problems";
import { COMPILER, explain, find } from "./programs";
import { Run } from "./run";

type Verb = "check" | "compile";

interface Definition extends vscode.TaskDefinition {
  readonly type: "blueprint";
  readonly command: Verb;
  readonly files?: readonly string[];
}

/** Offers the tasks in "Run Task", and resolves those of a `tasks.json`. */
export class Tasks implements vscode.TaskProvider {
  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly problems: Problems,
  ) {}

  provideTasks(): vscode.Task[] {
    const file = active()?.fileName;
    if (file === undefined) return [];
    return (["check", "compile"] as const).map((command) => this.task({ type: "blueprint", command }, [file]));
  }

  resolveTask(task: vscode.Task): vscode.Task | undefined {
    const definition = task.definition as Definition;
    const file = active()?.fileName;
    const files = definition.files ?? (file === undefined ? [] : [file]);
    return files.length === 0 ? undefined : this.task(definition, files, task.scope);
  }

  /** Saves the file of the active editor, then checks or compiles it. */
  async run(command: Verb): Promise<void> {
    const document = active();
    if (document === undefined) {
      const what = "Open a blueprint (a file that ends in .bp), or save this one as a file";
      void vscode.window.showInformationMessage(`${what}, to ${command} it.`);
      return;
    }
    if (!(await saved(document))) return;
    await vscode.tasks.executeTask(this.task({ type: "blueprint", command }, [document.fileName]));
  }

  /** Saves what is open, then checks every file of the workspace. */
  async checkAll(): Promise<void> {
    const found = await vscode.workspace.findFiles("**/*.bp", "**/{node_modules,target,.git}/**");
    const files = found.map((uri) => uri.fsPath).sort();
    if (files.length === 0) {
      void vscode.window.showInformationMessage("There is no blueprint (a file that ends in .bp) in this workspace.");
      return;
    }
    for (const document of vscode.workspace.textDocuments) {
      if (document.languageId === "blueprint" && !(await saved(document))) return;
    }
    await vscode.tasks.executeTask(this.task({ type: "blueprint", command: "check" }, files));
  }

  private task(
    definition: Definition,
    named: readonly string[],
    scope: vscode.Task["scope"] = vscode.TaskScope.Workspace,
  ): vscode.Task {
    const folder = folderOf(named, scope);
    const files = named.map((file) => path.resolve(folder, file));
    const first = files[0];
    const what = files.length === 1 && first !== undefined ? path.basename(first) : `${files.length} files`;
    const run = new vscode.CustomExecution(async () => this.start(definition.command, files, folder));
    const task = new vscode.Task(definition, scope ?? vscode.TaskScope.Workspace, `${definition.command} ${what}`, "blueprint", run);
    task.group = vscode.TaskGroup.Build;
    task.presentationOptions = {
      reveal: definition.command === "compile" ? vscode.TaskRevealKind.Always : vscode.TaskRevealKind.Silent,
      clear: true,
      showReuseMessage: false,
    };
    return task;
  }

  private start(verb: Verb, files: readonly string[], folder: string): vscode.Pseudoterminal {
    try {
      const compiler = find(COMPILER, this.context);
      return new Run({ compiler, verb, files, folder, found: (messages) => this.problems.show(files, messages) });
    } catch (error) {
      void explain(COMPILER, error);
      throw error;
    }
  }
}

/** The folder that names are relative to: that of the task, else that of the first file. */
function folderOf(files: readonly string[], scope: vscode.Task["scope"]): string {
  if (scope !== undefined && typeof scope === "object") return scope.uri.fsPath;
  const first = files[0] ?? "";
  const of = path.isAbsolute(first) ? vscode.workspace.getWorkspaceFolder(vscode.Uri.file(first)) : undefined;
  return (of ?? vscode.workspace.workspaceFolders?.[0])?.uri.fsPath ?? path.dirname(first);
}

function active(): vscode.TextDocument | undefined {
  const document = vscode.window.activeTextEditor?.document;
  return document?.languageId === "blueprint" && document.uri.scheme === "file" ? document : undefined;
}

/** The compiler reads files: what is not saved it does not see. */
async function saved(document: vscode.TextDocument): Promise<boolean> {
  if (!document.isDirty || (await document.save())) return true;
  void vscode.window.showErrorMessage(`${document.fileName} could not be saved, so bpc would read an older text.`);
  return false;
}
