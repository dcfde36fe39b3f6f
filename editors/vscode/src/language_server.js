"use strict";

// The language server of one workspace folder: `hardseq lsp` of the interpreter that the folder has.

const { spawn } = require("node:child_process");
const vscode = require("vscode");
const { CloseAction, LanguageClient } = require("vscode-languageclient/node");
const { candidates, firstInstallation } = require("./interpreter");

const YAML = "**/*.{yaml,yml}";
/** How often a server that ended by itself is started again, within three minutes. */
const RESTARTS = 4;
const CHOOSE = "Choose interpreter";
const OUTPUT = "Show output";

/** A client that leaves it to its owner to tell people why a server does not start; the output has it in any case. */
class QuietClient extends LanguageClient {
  starting = true;

  error(message, data, showNotification) {
    super.error(message, data, this.starting ? false : showNotification);
  }

  createDefaultErrorHandler(count) {
    const usual = super.createDefaultErrorHandler(count);
    return {
      error: (...about) => usual.error(...about),
      // A server that ended before it had answered would only end again.
      closed: () => (this.starting ? { action: CloseAction.DoNotRestart, handled: true } : usual.closed()),
    };
  }
}

/** Starts, restarts and ends one server, and tells in the status bar how it is. */
class FolderServer {
  /**
   * @param {vscode.WorkspaceFolder} folder
   * @param {vscode.LogOutputChannel} output
   */
  constructor(folder, output) {
    this.folder = folder;
    this.output = output;
    /** @type {Set<string>} the projects in the folder whose files it is told of */
    this.projects = new Set();
    /** @type {import("./interpreter").Installation | undefined} */
    this.installation = undefined;
    /** @type {LanguageClient | undefined} */
    this.client = undefined;
    /** @type {import("node:child_process").ChildProcess | undefined} */
    this.process = undefined;
    this.status = vscode.languages.createLanguageStatusItem(`hardseq ${folder.uri}`, []);
    this.status.name = "hardseq";
    // Starts and stops follow each other: whoever asks while one goes on waits for it.
    this.last = Promise.resolve();
  }

  /** Starts the server, or has it know one more project. @param {string} project */
  open(project) {
    if (this.projects.has(project)) return this.last;
    this.projects.add(project);
    return this.restart();
  }

  /** Starts it anew with the interpreter that is the right one now. */
  restart() {
    this.last = this.last.then(async () => {
      await this.#stop();
      try {
        await this.#start();
      } catch (error) {
        this.#fail(`hardseq cannot be started: ${error.message}`);
      }
    });
    return this.last;
  }

  /** Ends it for good. */
  dispose() {
    this.last = this.last.then(async () => {
      await this.#stop();
      this.status.dispose();
    });
    return this.last;
  }

  async #stop() {
    const { client, process } = this;
    this.client = this.process = undefined;
    try {
      await client?.dispose();
    } catch (error) {
      this.output.warn(`${this.folder.name}: the language server did not answer when it was to end: ${error.message}`);
    }
    // One that heard the farewell ends by itself meanwhile; for any other this is the end.
    if (process?.exitCode === null) process.kill();
  }

  async #start() {
    const inProjects = (project) => new vscode.RelativePattern(vscode.Uri.file(project), YAML);
    this.status.selector = this.#selector(inProjects);
    this.#tell("hardseq starts", { busy: true });
    const { found, absent } = await firstInstallation(await candidates(this.folder), this.folder.uri.fsPath);
    for (const { program, origin, reason } of absent) this.output.info(`${program} (${origin}): ${reason}`);
    this.installation = found;
    if (!found) {
      const tried = absent.map(({ program, reason }) => `${program} (${reason})`).join(", ");
      this.#fail(`hardseq was not found: ${tried}. Choose the interpreter that has it, or install it: pip install 'hardseq[lsp]'`);
      return;
    }
    this.output.info(`${this.folder.name}: hardseq ${found.version} of ${found.program} (${found.origin})`);
    await this.#connect(found);
  }

  /** @param {import("./interpreter").Installation} found */
  async #connect(found) {
    let said = "";
    const start = async () => {
      const server = spawn(found.program, [...found.args, "lsp"], { cwd: this.folder.uri.fsPath, windowsHide: true });
      const hear = (text) => {
        said = (said + text).slice(-4000);
      };
      server.stderr.on("data", hear);
      server.on("error", (error) => hear(error.message));
      this.process = server;
      return server;
    };
    const client = new QuietClient("hardseq", "hardseq", start, {
      documentSelector: this.#selector((project) => ({ baseUri: vscode.Uri.file(project).toString(), pattern: YAML })),
      workspaceFolder: this.folder,
      outputChannel: this.output,
      diagnosticCollectionName: "hardseq",
      connectionOptions: { maxRestartCount: RESTARTS },
      initializationFailedHandler: () => false,
    });
    await client.start().catch(() => undefined);
    // A client whose server ended before it answered says that it has started, and is not running.
    if (!client.isRunning()) {
      await ended(this.process);
      this.#fail(whyNot(found, said));
      return;
    }
    client.starting = false;
    this.client = client;
    this.#tell(`hardseq ${found.version}`, { detail: found.program });
  }

  /**
   * The YAML of the folder's projects, and no other.
   *
   * @param {(project: string) => object} pattern the files of one: VS Code and the protocol write that differently
   */
  #selector(pattern) {
    return [...this.projects].map((project) => ({ scheme: "file", language: "yaml", pattern: pattern(project) }));
  }

  /** @param {string} message */
  #fail(message) {
    this.output.error(message);
    this.#tell("hardseq does not run", { detail: message, severity: vscode.LanguageStatusSeverity.Error });
    void vscode.window.showErrorMessage(message, CHOOSE, OUTPUT).then((pressed) => {
      if (pressed === CHOOSE) return vscode.commands.executeCommand("hardseq.chooseInterpreter", this.folder);
      if (pressed === OUTPUT) return this.output.show();
    });
  }

  #tell(text, { detail = "", busy = false, severity = vscode.LanguageStatusSeverity.Information }) {
    Object.assign(this.status, { text, detail, busy, severity });
    this.status.command = { command: "hardseq.showOutput", title: OUTPUT };
  }
}

/** Ends a process, and waits until it has said everything. @param {import("node:child_process").ChildProcess} process */
function ended(process) {
  return new Promise((resolve) => {
    if (process.stderr.closed) resolve();
    process.stderr.once("close", resolve);
    process.kill();
  });
}

/**
 * Why a server ended before it answered, in words for people: hardseq says itself what it lacks.
 *
 * @param {import("./interpreter").Installation} found
 * @param {string} said what it wrote to its standard error
 */
function whyNot({ program, version }, said) {
  const where = `hardseq ${version} in ${program}`;
  if (/there is no command 'lsp'/.test(said)) {
    return `${where} is too old to help an editor. Install a newer one: pip install --upgrade 'hardseq[lsp]'`;
  }
  const lines = said.trim().split("\n").map((line) => line.trim().replace(/^(hardseq|hint): /, ""));
  // A traceback ends with what went wrong; a refusal is a sentence and a hint.
  const told = /^Traceback/m.test(said) ? lines.at(-1) : lines.slice(0, 2).join(": ");
  return `${where} does not start: ${told || "it ended without a word"}`;
}

module.exports = { FolderServer };
