"use strict";

// hardseq in a terminal. Programs are started as they are, without a shell: no name of a file is ever read as a command.

const vscode = require("vscode");

/**
 * Runs one command of hardseq in a terminal that stays open.
 *
 * @param {string} title what the terminal is called
 * @param {import("./interpreter").Installation} installation
 * @param {string[]} commandLine the command and its arguments
 * @param {vscode.WorkspaceFolder} folder
 * @param {string} cwd
 */
async function runInTerminal(title, { program, args }, commandLine, folder, cwd) {
  const scope = vscode.workspace.workspaceFolders?.includes(folder) ? folder : vscode.TaskScope.Global;
  const execution = new vscode.ProcessExecution(program, [...args, ...commandLine], { cwd });
  const task = new vscode.Task({ type: "process" }, scope, title, "hardseq", execution, []);
  task.presentationOptions = { focus: true, clear: true, panel: vscode.TaskPanelKind.Dedicated };
  await vscode.tasks.executeTask(task);
}

module.exports = { runInTerminal };
