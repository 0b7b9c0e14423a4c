// The page, used as a person would.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { Pipeline, browser as launch, until } from "./pipeline.mjs";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const HOSTILE = `<img src=x onerror="window.struck = 1"> "&'\u202E\u00e9.txt`;

let browser;
let demo;
let page;
let complaints;

before(async () => {
  browser = await launch();
  demo = await Pipeline.start("--demo", "--ui", "0");
  await demo.line(/(The page stays)/);
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

beforeEach(async () => {
  complaints = [];
  page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
  watch(page);
  await page.goto(demo.url);
  await page.locator("#connection[data-state=live]").waitFor();
  await row("poison/too large.bin").waitFor();
});

afterEach(async () => {
  await page.close();
  assert.deepEqual(complaints, []);
});

/** Nothing may be refused by the page's own policy, nor fail in its scripts. */
function watch(page, expected = /^$/) {
  const complain = (text) => expected.test(text) || complaints.push(text);
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complain(message.text()));
  page.on("pageerror", (error) => complain(error.message));
  page.on("request", (request) => request.url().startsWith(demo.url) || /^(data|http:\/\/127)/.test(request.url()) || complain(request.url()));
}

const row = (key) => page.locator("#list .message", { hasText: key }).first();
const box = (kind, name) => page.locator(`.node.${kind}`, { has: page.getByRole("heading", { name: `${name}`, exact: true }) });
const figure = (node, what) => node.locator("dl > div", { has: page.locator(`dt:text-is("${what}")`) }).locator("dd");
const rateOf = (hop, fault) =>
  page.locator(`[data-hop=${hop}] .fault`, { has: page.getByText(fault, { exact: true }) });

/** Drops a file on the page, as a hand would. */
async function drop(name, text) {
  const transfer = await page.evaluateHandle(([name, text]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], name));
    return transfer;
  }, [name, text]);
  await page.dispatchEvent("body", "dragenter", { dataTransfer: transfer });
  assert.ok(await page.locator("#veil").isVisible());
  await page.dispatchEvent("body", "dragover", { dataTransfer: transfer });
  await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
  assert.ok(await page.locator("#veil").isHidden());
}

async function violations() {
  await page.evaluate(AXE);
  const { violations, passes } = await page.evaluate(() => window.axe.run());
  assert.ok(passes.some(({ id }) => id === "color-contrast"), "nothing was looked at");
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(" | ")}`);
}

test("the demo is drawn and counted", async () => {
  assert.equal(await page.locator(".node").count(), 8);
  assert.equal(await figure(box("bucket", "bucket amzn-s3-demo-bucket"), "events").textContent(), "6");
  assert.equal(await figure(box("function", "function copy-processor"), "handled").textContent(), "1");
  assert.equal(await figure(box("letters", "dead-letter queue put-processor-dead-letters"), "dead letters").textContent(), "1");
  assert.equal(await page.locator("#arrows > path").count(), 7);
  const ways = await page.locator("#arrows > path").evaluateAll((paths) => paths.map((path) => path.getAttribute("d")));
  assert.ok(ways.every((way) => /^M[\d.]+,[\d.]+ /.test(way ?? "")), String(ways));
  assert.match(await page.locator("#totals").textContent(), /^0 in queues · 4 handled · 2 failed attempts · 1 dead letter$/);
  await page.screenshot({ path: "wide.png", fullPage: true });
});

test("a message shows its path and its payload", async () => {
  await row("poison/too large.bin").focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "poison/too large.bin" });
  await dialog.waitFor();
  const steps = await until(async () => {
    const steps = await dialog.locator("#path .what").allTextContents();
    return steps.includes("redriven") && steps;
  }, "the path does not end");
  assert.deepEqual(steps.filter((what) => what !== "log"),
    ["object", "notification", "filter", "filter", "queue", "invocation", "answer", "outcome", "invocation", "answer", "outcome", "redriven"]);
  const payload = JSON.parse(await dialog.locator("pre").textContent());
  assert.equal(payload.Records[0].s3.object.key, "poison/too+large.bin");
  assert.deepEqual(await violations(), []);
  await page.screenshot({ path: "details.png" });
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  assert.ok(await row("poison/too large.bin").evaluate((row) => row === document.activeElement));
  await page.locator(".letters .token").click();
  await dialog.waitFor();
});

test("a dropped file goes into the bucket, and its name is only text", async () => {
  await drop(HOSTILE, "<script>window.struck = 1</script>");
  await row("<img src=x").locator("[data-state=handled]").waitFor();
  const stored = await demo.object(HOSTILE);
  assert.equal(await stored.text(), "<script>window.struck = 1</script>");
  await row("<img src=x").click();
  await page.locator("#payloads pre").waitFor();
  assert.equal(await page.locator("#details-title").textContent(), HOSTILE);
  assert.equal(await page.locator("img, #details script").count(), 0);
  assert.equal(await page.evaluate(() => window.struck), undefined);
});

test("files are chosen, and samples put, without a mouse", async () => {
  await page.getByLabel("Folder").fill("chosen/");
  await page.getByLabel("choose files").setInputFiles([
    { name: "one.txt", mimeType: "text/plain", buffer: Buffer.from("1") },
    { name: "two.txt", mimeType: "text/plain", buffer: Buffer.from("2") },
  ]);
  for (const key of ["chosen/one.txt", "chosen/two.txt"]) await row(key).locator("[data-state=handled]").waitFor();
  await page.getByRole("button", { name: "put a sample" }).focus();
  await page.keyboard.press("Space");
  await row("chosen/sample 1.txt").locator("[data-state=handled]").waitFor();
  await page.getByText("chosen/sample 1.txt is in amzn-s3-demo-bucket").waitFor();
});

test("faults are turned on and off, for all who watch", async () => {
  const other = await browser.newPage();
  await other.goto(demo.url);
  const seen = other.locator("[data-hop=publish] .fault", { has: other.getByText("duplicate", { exact: true }) });
  const duplicate = rateOf("publish", "duplicate");
  await duplicate.getByRole("slider").focus();
  await page.keyboard.press("End");
  await seen.getByText("100%").waitFor();
  assert.ok(await seen.getByRole("checkbox").isChecked());
  await drop("twice.txt", "");
  await page.locator(".message", { hasText: "twice.txt" }).getByText("handled 2 times").waitFor();
  await duplicate.getByText("1×").waitFor();
  await duplicate.getByRole("checkbox").uncheck();
  await other.locator("[data-hop=publish] :checked").waitFor({ state: "detached" });
  await page.getByRole("button", { name: /chaos/ }).click();
  await other.locator("[data-hop=delete] :checked").waitFor();
  assert.equal(await page.locator("#faults :checked").count(), 16);
  await other.close();
  await page.getByRole("button", { name: "none" }).click();
  await page.locator("#faults :checked").first().waitFor({ state: "detached" });
});

test("the list can be narrowed", async () => {
  await page.getByLabel("dead letters", { exact: true }).check();
  assert.deepEqual(await page.locator("#list .key").allTextContents(), ["poison/too large.bin"]);
  await page.getByLabel("in progress").check();
  await page.getByText("No such message.").waitFor();
});

test("nothing is in the way of whoever cannot see, in light and in the dark", async () => {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await violations(), [], colorScheme);
  }
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the messages");
});

test("a small window has room for everything", async () => {
  await page.setViewportSize({ width: 320, height: 640 });
  await drop(`${"long".repeat(60)}.txt`, "");
  await row("longlong").waitFor();
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `small-${colorScheme}.png`, fullPage: true });
  }
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
  assert.deepEqual(await violations(), []);
  await row("longlong").click();
  await page.locator("#payloads pre").waitFor();
  assert.equal(await page.locator("#details").evaluate((dialog) => dialog.scrollWidth), 320);
  await page.screenshot({ path: "small-details.png" });
});

test("reduced motion moves nothing", async () => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  const moved = page.evaluate(() => new Promise((resolve) => {
    const observer = new MutationObserver((changes) => {
      if (changes.some((change) => [...change.addedNodes].some((node) => node.nodeName === "circle"))) resolve(true);
    });
    observer.observe(document.getElementById("arrows"), { childList: true });
    setTimeout(() => resolve(false), 1500);
  }));
  await drop("calm.txt", "");
  await row("calm.txt").locator("[data-state=handled]").waitFor();
  assert.equal(await moved, false);
});

test("a page outlasts a restart, and starts anew", async () => {
  const first = await Pipeline.start("--ui", "0");
  const own = await browser.newPage();
  watch(own, /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET/);
  try {
    await own.goto(first.url);
    await own.getByRole("button", { name: "put a sample" }).click();
    await own.locator("#list [data-state=handled]").waitFor();
    await first.stop();
    await own.getByText("connection lost, trying again").waitFor();
    const again = await Pipeline.start("--ui", new URL(first.url).port);
    await own.locator("#connection[data-state=live]").waitFor();
    await own.getByText("Nothing has happened yet").waitFor();
    assert.equal(await own.locator("#list li").count(), 0);
    await again.stop();
  } finally {
    await own.close();
    await first.stop();
  }
});

test("the page keeps no more than it shows", async () => {
  for (let number = 0; number < 260; number += 1) {
    const put = await fetch(`${demo.s3}/amzn-s3-demo-bucket/many/${number}`, { method: "PUT", body: "" });
    assert.equal(put.status, 200);
  }
  await row("many/259").locator("[data-state=handled]").waitFor();
  assert.equal(await page.locator("#list li").count(), 200);
  assert.ok(await page.locator(".token").count() <= 8 * 3);
  await page.screenshot({ path: "many.png" });
});
