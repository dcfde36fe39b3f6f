"use strict";

// Where hardseq is installed: which interpreters may have it, and which one does.

const { execFile } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const vscode = require("vscode");

/** How long an interpreter may take to say which hardseq it has: the first start on a slow disk takes seconds. */
const PATIENCE_MS = 30_000;

/**
 * A way to start hardseq: a program with its first arguments, and where it comes from in words for people.
 *
 * @typedef {{ program: string, args: string[], origin: string }} Candidate
 * @typedef {Candidate & { version: string }} Installation
 * @typedef {Candidate & { reason: string }} Absence
 */

/**
 * What may have hardseq, the most wanted first. Where the setting names an interpreter, nothing else is asked: what a
 * person chose is not replaced in silence.
 *
 * @param {vscode.WorkspaceFolder} folder
 * @returns {Promise<Candidate[]>}
 */
async function candidates(folder) {
  const chosen = chosenInterpreter(folder);
  return chosen ? [python(resolved(chosen, folder), "the setting hardseq.interpreter")] : foundCandidates(folder);
}

/** What the setting says; empty where it says nothing. @param {vscode.WorkspaceFolder} folder */
function chosenInterpreter(folder) {
  return vscode.workspace.getConfiguration("hardseq", folder.uri).get("interpreter", "").trim();
}

/**
 * What may have hardseq where the setting says nothing.
 *
 * @param {vscode.WorkspaceFolder} folder
 * @returns {Promise<Candidate[]>}
 */
async function foundCandidates(folder) {
  const selected = await selectedInPythonExtension(folder);
  const environments = [".venv", "venv"].map((name) => [name, environmentPython(path.join(folder.uri.fsPath, name))]);
  return [
    ...(selected ? [python(selected, "the Python extension")] : []),
    ...environments.filter(([, file]) => fs.existsSync(file)).map(([name, file]) => python(file, name)),
    { program: "hardseq", args: [], origin: "the PATH" },
  ];
}

/**
 * The first of the candidates that has hardseq, or why none has.
 *
 * @param {Candidate[]} among
 * @param {string} folder where it is started
 * @returns {Promise<{ found?: Installation, absent: Absence[] }>}
 */
async function firstInstallation(among, folder) {
  const absent = [];
  for (const candidate of among) {
    const { version, reason } = await asked(candidate, folder);
    if (version !== undefined) return { found: { ...candidate, version }, absent };
    absent.push({ ...candidate, reason });
  }
  return { absent };
}

/**
 * What `hardseq --version` says.
 *
 * @param {Candidate} candidate
 * @param {string} cwd
 * @returns {Promise<{ version?: string, reason: string }>}
 */
function asked({ program, args }, cwd) {
  return new Promise((resolve) => {
    execFile(program, [...args, "--version"], { cwd, timeout: PATIENCE_MS, windowsHide: true }, (error, stdout, stderr) => {
      const version = /^hardseq (\S+)/m.exec(stdout)?.[1];
      if (!error && version) resolve({ version, reason: "" });
      else resolve({ reason: reasonOf(error, stderr) });
    });
  });
}

function reasonOf(error, stderr) {
  if (error?.code === "ENOENT") return "there is no such program";
  if (error?.killed) return `it did not answer within ${PATIENCE_MS / 1000} s`;
  if (/No module named '?sequencer/.test(stderr)) return "hardseq is not installed there";
  return stderr.trim().split("\n").at(-1) || error?.message || "it is not hardseq";
}

/**
 * hardseq as an interpreter starts it. `-P`: a folder called `sequencer` in the project is not taken for hardseq.
 *
 * @param {string} program
 * @param {string} origin
 * @returns {Candidate}
 */
function python(program, origin) {
  return { program, args: ["-P", "-m", "sequencer"], origin };
}

/** The interpreter of an environment. @param {string} environment */
function environmentPython(environment) {
  const places = process.platform === "win32" ? ["Scripts/python.exe", "python.exe"] : ["bin/python"];
  const files = places.map((place) => path.join(environment, place));
  return files.find((file) => fs.existsSync(file)) ?? files[0];
}

/**
 * A path as the setting has it: of an interpreter, or of an environment.
 *
 * @param {string} written
 * @param {vscode.WorkspaceFolder} folder
 */
function resolved(written, folder) {
  const named = written
    .replace(/^~(?=$|[\\/])/, () => os.homedir())
    .replace(/\$\{workspaceFolder\}/g, () => folder.uri.fsPath);
  const file = path.resolve(folder.uri.fsPath, named);
  return isFolder(file) ? environmentPython(file) : file;
}

/** @param {string} file */
function isFolder(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The interface of the Python extension; undefined where it is not installed. */
async function pythonExtension() {
  const extension = vscode.extensions.getExtension("ms-python.python");
  try {
    return extension && (await extension.activate());
  } catch {
    return undefined; // It says itself what is wrong with it.
  }
}

/** @param {vscode.WorkspaceFolder} folder */
async function selectedInPythonExtension(folder) {
  const environments = (await pythonExtension())?.environments;
  const selected = environments?.getActiveEnvironmentPath(folder.uri);
  if (!selected) return undefined;
  const environment = await environments.resolveEnvironment(selected);
  return environment?.executable?.uri?.fsPath;
}

/**
 * Calls `listener` when another interpreter is selected in the Python extension.
 *
 * @param {() => void} listener
 * @returns {Promise<vscode.Disposable | undefined>}
 */
async function onInterpreterSelected(listener) {
  return (await pythonExtension())?.environments?.onDidChangeActiveEnvironmentPath(listener);
}

module.exports = { candidates, chosenInterpreter, firstInstallation, foundCandidates, onInterpreterSelected };
