"use strict";

// hardseq in Visual Studio Code: one language server for each folder with sequences, and the commands of the palette.

const path = require("node:path");
const vscode = require("vscode");
const { chooseInterpreter } = require("./choose_interpreter");
const { candidates, firstInstallation, onInterpreterSelected } = require("./interpreter");
const { FolderServer } = require("./language_server");
const { folderOf, projectOf } = require("./projects");
const { runInTerminal } = require("./terminal");

/** @type {Map<string, FolderServer>} by the address of the folder */
const servers = new Map();

/** @param {vscode.ExtensionContext} context */
async function activate(context) {
  const output = vscode.window.createOutputChannel("hardseq", { log: true });
  const consider = (document) => considered(document, output);
  const considerAll = () => vscode.workspace.textDocuments.forEach(consider);
  const configurations = vscode.workspace.createFileSystemWatcher("**/{hardseq,hardpy}.toml", false, true, true);
  context.subscriptions.push(
    output,
    vscode.workspace.onDidOpenTextDocument(consider),
    configurations,
    configurations.onDidCreate(considerAll),
    vscode.workspace.onDidChangeWorkspaceFolders(({ removed }) => Promise.all(removed.map(leave))),
    vscode.workspace.onDidChangeConfiguration((change) =>
      restart((folder) => change.affectsConfiguration("hardseq.interpreter", folder.uri)),
    ),
    command("check", (document) => inTerminal(document, "Check", (file) => ["check", file])),
    command("run", (document) => inTerminal(document, "Run", (file) => ["run", file])),
    command("panel", (document) => inTerminal(document, "Panel of", (_, project) => ["panel", project, "--open"])),
    vscode.commands.registerCommand("hardseq.chooseInterpreter", (folder) => chooseInterpreter(folder ?? folderInQuestion())),
    vscode.commands.registerCommand("hardseq.restart", () => restart()),
    vscode.commands.registerCommand("hardseq.showOutput", () => output.show()),
  );
  considerAll();
  const listening = await onInterpreterSelected(() => restart());
  if (listening) context.subscriptions.push(listening);
}

/** VS Code waits for this before it ends. */
function deactivate() {
  return Promise.all([...servers.values()].map((server) => server.dispose()));
}

/**
 * Has the server of a document's folder know its project; what lies in none is left alone.
 *
 * @param {vscode.TextDocument} document
 * @param {vscode.LogOutputChannel} output
 */
function considered(document, output) {
  const project = projectOf(document);
  if (project === undefined) return;
  const folder = folderOf(document, project);
  const key = folder.uri.toString();
  if (!servers.has(key)) servers.set(key, new FolderServer(folder, output));
  void servers.get(key).open(project);
}

/** @param {vscode.WorkspaceFolder} folder */
async function leave(folder) {
  const key = folder.uri.toString();
  const server = servers.get(key);
  servers.delete(key);
  await server?.dispose();
}

/** Starts servers anew. @param {(folder: vscode.WorkspaceFolder) => boolean} which */
function restart(which = () => true) {
  return Promise.all([...servers.values()].filter(({ folder }) => which(folder)).map((server) => server.restart()));
}

/** A command for the sequence in the editor, saved before. */
function command(name, run) {
  return vscode.commands.registerCommand(`hardseq.${name}`, async () => {
    const document = vscode.window.activeTextEditor?.document;
    if (document?.languageId !== "yaml" || document.uri.scheme !== "file") {
      void vscode.window.showInformationMessage("Open a sequence first: a YAML file on the disk.");
      return;
    }
    if (document.isDirty && !(await document.save())) return;
    await run(document);
  });
}

/**
 * @param {vscode.TextDocument} document
 * @param {string} verb
 * @param {(file: string, project: string) => string[]} commandLine
 */
async function inTerminal(document, verb, commandLine) {
  const file = document.uri.fsPath;
  const project = projectOf(document) ?? path.dirname(file);
  const folder = folderOf(document, project);
  const { found } = await firstInstallation(await candidates(folder), folder.uri.fsPath);
  if (!found) {
    void vscode.window
      .showErrorMessage("hardseq was not found. Choose the interpreter that has it.", "Choose interpreter")
      .then((pressed) => pressed && chooseInterpreter(folder));
    return;
  }
  await runInTerminal(`${verb} ${path.basename(file)}`, found, commandLine(file, project), folder, project);
}

/** The folder of the editor's file, else the first one that is open. @returns {vscode.WorkspaceFolder | undefined} */
function folderInQuestion() {
  const document = vscode.window.activeTextEditor?.document;
  const project = document && projectOf(document);
  return project === undefined ? vscode.workspace.workspaceFolders?.[0] : folderOf(document, project);
}

module.exports = { activate, deactivate };
