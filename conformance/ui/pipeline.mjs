// A pipeline in a process of its own, and a browser.

import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { chromium } from "playwright-core";

const PROGRAM = path.join(process.env.BIN_DIR, "s3-dispatch-local");

export class Pipeline {
  static async start(...options) {
    const pipeline = new Pipeline();
    pipeline.child = spawn(PROGRAM, ["--port", "0", ...options], { stdio: ["ignore", "pipe", "pipe"] });
    pipeline.printed = "";
    for (const stream of [pipeline.child.stdout, pipeline.child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => (pipeline.printed += text));
    }
    pipeline.ended = once(pipeline.child, "exit");
    pipeline.url = await pipeline.line(/The page is at (\S+)/);
    pipeline.s3 = await pipeline.line(/S3 is at (http:[^\s,]+)/);
    return pipeline;
  }

  /** What a line that is printed says. */
  async line(pattern) {
    return until(() => {
      if (this.child.exitCode !== null) throw new Error(`the pipeline has ended: ${this.printed}`);
      return pattern.exec(this.printed)?.[1];
    }, `${pattern} is not printed`);
  }

  async stop() {
    this.child.kill("SIGTERM");
    await this.ended;
  }

  object(key) {
    return fetch(`${this.s3}/amzn-s3-demo-bucket/${encodeURIComponent(key)}`);
  }
}

export async function browser() {
  // Debian's sandbox cannot be used by root, and nothing but loopback is opened.
  return chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
}

/** Waits until there is something. */
export async function until(look, otherwise, patience = 30_000) {
  const end = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(otherwise);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
