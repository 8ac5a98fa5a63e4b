/**
 * The texts of templates, told to the language server as they are typed: a variable that a template misspells is a mistake
 * at its own line.
 *
 * Templates are no blueprints: the server offers nothing in them and does not format them, and whoever edits Handlebars
 * keeps the extension that does. So they are not among the client's documents.
 */
import * as vscode from "vscode";
import {
  DidChangeTextDocumentNotification,
  DidCloseTextDocumentNotification,
  DidOpenTextDocumentNotification,
  type LanguageClient,
} from "vscode-languageclient/node";

/** Tells the server of the templates that are open, until this is disposed of. */
export function followTemplates(client: LanguageClient): vscode.Disposable {
  const { code2ProtocolConverter: protocol } = client;
  const send = (type: { method: string }, params: object): void => {
    // A server that has ended is told of by the client itself.
    if (client.isRunning()) void client.sendNotification(type.method, params).catch(() => undefined);
  };
  const open = (document: vscode.TextDocument): void => {
    if (isTemplate(document)) {
      send(DidOpenTextDocumentNotification.type, protocol.asOpenTextDocumentParams(document));
    }
  };
  vscode.workspace.textDocuments.forEach(open);
  return vscode.Disposable.from(
    vscode.workspace.onDidOpenTextDocument(open),
    vscode.workspace.onDidChangeTextDocument(({ document }) => {
      if (!isTemplate(document)) return;
      const textDocument = protocol.asVersionedTextDocumentIdentifier(document);
      send(DidChangeTextDocumentNotification.type, { textDocument, contentChanges: [{ text: document.getText() }] });
    }),
    vscode.workspace.onDidCloseTextDocument((document) => {
      if (isTemplate(document)) {
        send(DidCloseTextDocumentNotification.type, protocol.asCloseTextDocumentParams(document));
      }
    }),
  );
}

function isTemplate(document: vscode.TextDocument): boolean {
  return document.uri.scheme === "file" && document.uri.path.endsWith(".hbs");
}
