"use strict";

// The interpreter of a folder, chosen by a person and kept in the setting `hardseq.interpreter`.

const vscode = require("vscode");
const { chosenInterpreter, foundCandidates } = require("./interpreter");

/**
 * Asks which interpreter has hardseq. The setting that it writes starts the server anew.
 *
 * @param {vscode.WorkspaceFolder | undefined} folder
 */
async function chooseInterpreter(folder) {
  if (folder === undefined) {
    void vscode.window.showInformationMessage("Open a folder with sequences first.");
    return;
  }
  const chosen = await vscode.window.showQuickPick(choices(folder), {
    title: `The interpreter that has hardseq, for ${folder.name}`,
    placeHolder: chosenInterpreter(folder) || "none is set: the first one that has hardseq is used",
  });
  const interpreter = await chosen?.interpreter();
  if (interpreter === undefined) return;
  const settings = vscode.workspace.getConfiguration("hardseq", folder.uri);
  await settings.update("interpreter", interpreter || undefined, target(folder));
}

/** @param {vscode.WorkspaceFolder} folder */
async function choices(folder) {
  const found = (await foundCandidates(folder)).filter(({ args }) => args.length > 0);
  return [
    ...found.map(({ program, origin }) => ({ label: program, description: origin, interpreter: () => program })),
    { label: "Browse...", description: "a python, or the folder of an environment", interpreter: () => browsed(folder) },
    { label: "None", description: "use the first one that has hardseq", interpreter: () => "" },
  ];
}

/** @param {vscode.WorkspaceFolder} folder @returns {Promise<string | undefined>} */
async function browsed(folder) {
  const picked = await vscode.window.showOpenDialog({
    defaultUri: folder.uri,
    openLabel: "Choose",
    title: "The Python interpreter that has hardseq",
  });
  return picked?.[0].fsPath;
}

/** Where the setting is kept: with the folder, where there is one. @param {vscode.WorkspaceFolder} folder */
function target(folder) {
  const { workspaceFolders = [] } = vscode.workspace;
  if (!workspaceFolders.includes(folder)) return vscode.ConfigurationTarget.Global;
  return workspaceFolders.length > 1 ? vscode.ConfigurationTarget.WorkspaceFolder : vscode.ConfigurationTarget.Workspace;
}

module.exports = { chooseInterpreter };
