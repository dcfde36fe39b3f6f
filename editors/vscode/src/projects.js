"use strict";

// Which YAML is hardseq's: what lies in a project. Other files, such as those of Docker or Kubernetes, are never shown to it.

const fs = require("node:fs");
const path = require("node:path");
const vscode = require("vscode");

const CONFIGURATIONS = ["hardseq.toml", "hardpy.toml"];

/**
 * The folder of the project that a document lies in: the nearest one upward with a configuration, else the one above
 * `sequences`, as hardseq itself finds it.
 *
 * @param {vscode.TextDocument} document
 * @returns {string | undefined} undefined for what is no YAML file on the disk, or lies in no project
 */
function projectOf(document) {
  if (document.languageId !== "yaml" || document.uri.scheme !== "file") return undefined;
  const above = [...foldersAbove(document.uri.fsPath)];
  const configured = above.find((folder) => CONFIGURATIONS.some((name) => isFile(path.join(folder, name))));
  if (configured !== undefined) return configured;
  const sequences = above.find((folder) => path.basename(folder) === "sequences");
  return sequences && path.dirname(sequences);
}

/** @param {string} file */
function* foldersAbove(file) {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    yield folder;
    if (path.dirname(folder) === folder) return;
  }
}

/** @param {string} file */
function isFile(file) {
  try {
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

/**
 * The workspace folder of a document; for a file that was opened without a folder, its project.
 *
 * @param {vscode.TextDocument} document
 * @param {string} project its project
 * @returns {vscode.WorkspaceFolder}
 */
function folderOf(document, project) {
  const folder = vscode.workspace.getWorkspaceFolder(document.uri);
  return folder ?? { uri: vscode.Uri.file(project), name: path.basename(project), index: 0 };
}

module.exports = { projectOf, folderOf };
