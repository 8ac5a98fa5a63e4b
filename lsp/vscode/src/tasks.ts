/**
 * `bpc` as tasks of the editor: check and compile, with what is wrong in the Problems panel.
 */
import * as path from "node:path";
import * as vscode from "vscode";
import { COMPILER, explain, find } from "./programs";

type Verb = "check" | "compile";

interface Definition extends vscode.TaskDefinition {
  readonly type: "blueprint";
  readonly command: Verb;
  readonly files?: readonly string[];
}

/** Offers the tasks in "Run Task", and resolves those of a `tasks.json`. */
export class Tasks implements vscode.TaskProvider {
  constructor(private readonly context: vscode.ExtensionContext) {}

  provideTasks(): vscode.Task[] {
    const file = active()?.fileName;
    if (file === undefined) return [];
    return (["check", "compile"] as const).flatMap((command) => this.task({ type: "blueprint", command }, [file]) ?? []);
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
      void vscode.window.showInformationMessage(`Open a blueprint (a file that ends in .bp) to ${command} it.`);
      return;
    }
    if (!(await saved(document))) return;
    await this.execute({ type: "blueprint", command }, [document.fileName]);
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
    await this.execute({ type: "blueprint", command: "check" }, files);
  }

  private async execute(definition: Definition, files: readonly string[]): Promise<void> {
    const task = this.task(definition, files);
    if (task !== undefined) await vscode.tasks.executeTask(task);
  }

  private task(
    definition: Definition,
    files: readonly string[],
    scope: vscode.Task["scope"] = vscode.TaskScope.Workspace,
  ): vscode.Task | undefined {
    let compiler: string;
    try {
      compiler = find(COMPILER, this.context);
    } catch (error) {
      void explain(COMPILER, error);
      return undefined;
    }
    const first = files[0];
    const what = files.length === 1 && first !== undefined ? path.basename(first) : `${files.length} files`;
    const folder = first === undefined ? undefined : vscode.workspace.getWorkspaceFolder(vscode.Uri.file(first));
    const options = folder === undefined ? {} : { cwd: folder.uri.fsPath };
    const words = [definition.command, "--message-format", "short", "--", ...files];
    const run = new vscode.ProcessExecution(compiler, words, options);
    const task = new vscode.Task(definition, scope, `${definition.command} ${what}`, "blueprint", run, "$bpc");
    task.group = vscode.TaskGroup.Build;
    task.presentationOptions = {
      reveal: definition.command === "compile" ? vscode.TaskRevealKind.Always : vscode.TaskRevealKind.Silent,
      clear: true,
      showReuseMessage: false,
    };
    return task;
  }
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
