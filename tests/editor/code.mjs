/**
 * VS Code as a server on loopback, with the packed extension, in a home of its own; it ends with this process, whatever
 * ends that.
 */
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

/** How long it may take until it listens. */
const PATIENCE = 60_000;

export class Code {
  /** Installs the extension, starts the server, and waits until it listens. */
  static async start({ code, extension, settings, home }) {
    const user = path.join(home, "user");
    fs.mkdirSync(path.join(user, "User"), { recursive: true });
    fs.copyFileSync(settings, path.join(user, "User/settings.json"));
    const entry = path.join(code, "node_modules/code-server/out/node/entry.js");
    const places = [
      entry,
      "--config",
      path.join(home, "config.yaml"),
      "--user-data-dir",
      user,
      "--extensions-dir",
      path.join(home, "extensions"),
    ];
    const env = environment(home);
    const installed = spawnSync(process.execPath, [...places, "--install-extension", extension], { env, encoding: "utf8" });
    if (installed.status !== 0 || !/successfully installed/.test(installed.stdout)) {
      throw new Error(`the extension cannot be installed: ${installed.stdout}${installed.stderr}`);
    }
    const quiet = ["--disable-telemetry", "--disable-update-check", "--disable-workspace-trust", "--disable-proxy"];
    const serve = [...places, ...quiet, "--auth", "none", "--bind-addr", "127.0.0.1:0"];
    // A group of its own: it starts others, which go on when it alone is ended.
    const server = spawn(process.execPath, serve, { env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const running = new Code(server);
    try {
      running.address = await running.listening();
    } catch (error) {
      await running.stop();
      throw error;
    }
    return running;
  }

  constructor(server) {
    this.server = server;
    this.words = "";
    for (const stream of [server.stdout, server.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        this.words += text;
      });
    }
    this.ended = new Promise((resolve) => server.once("exit", resolve));
    process.once("exit", () => this.signal("SIGKILL"));
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
      process.once(signal, () => process.exit(1));
    }
  }

  /** The address that it listens on. */
  async listening() {
    const begin = Date.now();
    for (;;) {
      const found = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(this.words);
      if (found !== null) return found[1];
      if (this.server.exitCode !== null || Date.now() - begin > PATIENCE) {
        throw new Error(`VS Code does not listen: ${this.words}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends it, and all that it started. */
  async stop() {
    this.signal("SIGTERM");
    const patience = setTimeout(() => this.signal("SIGKILL"), 3000);
    await this.ended;
    clearTimeout(patience);
    this.signal("SIGKILL");
  }

  signal(signal) {
    try {
      process.kill(-this.server.pid, signal);
    } catch {
      // All of the group have ended.
    }
  }
}

/** Nothing of the person who runs the test: neither their settings nor a language server on their PATH. */
function environment(home) {
  const env = { ...process.env, HOME: home, PATH: "/usr/local/bin:/usr/bin:/bin" };
  for (const kind of ["CONFIG", "DATA", "CACHE", "STATE"]) env[`XDG_${kind}_HOME`] = path.join(home, kind.toLowerCase());
  return env;
}
