/**
 * The language server: started with the first blueprint, restarted when asked, ended with the editor.
 *
 * It must know no rule of the language: what is right and wrong is the server's to say.
 */
import * as vscode from "vscode";
import { LanguageClient, type LanguageClientOptions, type ServerOptions } from "vscode-languageclient/node";
import { explain, find, SERVER } from "./programs";
import { followTemplates } from "./templates";

/** The connection to `bpls`. */
export class Server implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private templates: vscode.Disposable | undefined;
  /** What is asked of the server happens one after the other. */
  private queue: Promise<void> = Promise.resolve();
  private readonly channel = vscode.window.createOutputChannel("Blueprint Language Server", { log: true });

  /** `told` is called with each file that the server says something of. */
  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly told: (uri: vscode.Uri) => void,
  ) {}

  /** Whether the server says what is wrong with a file: it is open, or used by one that is and not right. */
  speaksOf(uri: vscode.Uri): boolean {
    if (this.client === undefined) return false;
    const isOpen = vscode.workspace.textDocuments.some((document) => document.uri.toString() === uri.toString());
    return isOpen || (this.client.diagnostics?.get(uri)?.length ?? 0) > 0;
  }

  /** Starts the server; a person is told where it cannot be. */
  start(): Promise<void> {
    return this.enqueue(() => this.begin());
  }

  /** Ends the server, and starts it anew: with another program where the setting names one. */
  restart(): Promise<void> {
    return this.enqueue(async () => {
      await this.end();
      await this.begin();
    });
  }

  /** Ends the server. */
  stop(): Promise<void> {
    return this.enqueue(() => this.end());
  }

  dispose(): void {
    this.channel.dispose();
  }

  private enqueue(next: () => Promise<void>): Promise<void> {
    this.queue = this.queue.then(next).catch((error: unknown) => {
      void explain(SERVER, error);
    });
    return this.queue;
  }

  private async begin(): Promise<void> {
    const command = find(SERVER, this.context);
    const program: ServerOptions = { command, args: [] };
    const options: LanguageClientOptions = {
      // Also what has no file yet.
      documentSelector: ["file", "untitled"].map((scheme) => ({ scheme, language: "blueprint" })),
      outputChannel: this.channel,
      middleware: {
        handleDiagnostics: (uri, diagnostics, next) => {
          this.told(uri);
          next(uri, diagnostics);
        },
      },
    };
    const client = new LanguageClient("blueprint", "Blueprint Language Server", program, options);
    this.client = client;
    try {
      await client.start();
      this.templates = followTemplates(client);
    } catch (error) {
      this.client = undefined;
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`The language server ${command} did not start: ${why}`);
    }
  }

  private async end(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    this.templates?.dispose();
    this.templates = undefined;
    await client?.dispose();
  }
}
