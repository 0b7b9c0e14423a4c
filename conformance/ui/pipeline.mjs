// Starts a local pipeline in its own process, and a browser.

import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { chromium } from "playwright-core";

const PROGRAM = path.join(process.env.BIN_DIR, "s3-dispatch-local");

export class Pipeline {
  static async start(...options) {
    const pipeline = new Pipeline();
    pipeline.child = spawn(PROGRAM, ["--port", "0", ...options], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    pipeline.printed = "";
    for (const stream of [pipeline.child.stdout, pipeline.child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => (pipeline.printed += text));
    }
    pipeline.ended = once(pipeline.child, "exit");
    pipeline.url = await pipeline.line(/The page is at (\S+)/);
    pipeline.s3 = await pipeline.line(/S3 is at (http:[^\s,]+)/);
    pipeline.sqs = await pipeline.line(/SQS is at (http:[^\s,]+)/);
    return pipeline;
  }

  /** Waits for a line that matches, and returns its first group. */
  async line(pattern) {
    return until(() => {
      if (this.child.exitCode !== null) throw new Error(`the pipeline ended: ${this.printed}`);
      return pattern.exec(this.printed)?.[1];
    }, `no line matches ${pattern}`);
  }

  async stop() {
    this.child.kill("SIGTERM");
    await this.ended;
  }

  object(key) {
    return this.#ask("GET", key, "amzn-s3-demo-bucket");
  }

  put(key, body, bucket = "amzn-s3-demo-bucket") {
    return this.#ask("PUT", key, bucket, body);
  }

  delete(key, bucket = "amzn-s3-demo-bucket") {
    return this.#ask("DELETE", key, bucket);
  }

  async #ask(method, key, bucket, body) {
    const url = `${this.s3}/${bucket}/${encodeURIComponent(key)}`;
    const response = await fetch(url, { method, body });
    if (!response.ok) throw new Error(`${method} ${url}: ${response.status}`);
    return response;
  }
}

export async function browser(...args) {
  // Chromium refuses to run as root with its sandbox. The tests open only loopback addresses.
  return chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", ...args],
  });
}

/** Calls `look` until it returns something truthy, and returns that. */
export async function until(look, otherwise, patience = 30_000) {
  const end = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(otherwise);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
