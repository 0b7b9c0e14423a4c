// Uses the page as a person would.

import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { Pipeline, browser as launch, until } from "./pipeline.mjs";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const HOSTILE = `<img src=x onerror="window.struck = 1"> "&'\u202E\u00e9.txt`;
const HOSTILE_SHOWN = HOSTILE.replace("\u202E", "U+202E");

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

/** Collects errors and warnings of the page, and requests to other hosts. */
function watch(page, expected = /^$/) {
  const complain = (text) => expected.test(text) || complaints.push(text);
  page.on(
    "console",
    (message) => ["error", "warning"].includes(message.type()) && complain(message.text()),
  );
  page.on("pageerror", (error) => complain(error.message));
  page.on(
    "request",
    (request) =>
      request.url().startsWith(demo.url) ||
      /^(data|http:\/\/127)/.test(request.url()) ||
      complain(request.url()),
  );
}

const row = (key) => page.locator("#list .message", { hasText: key }).first();
const box = (kind, name) =>
  page.locator(`.node.${kind}`, {
    has: page.getByRole("heading", { name: `${name}`, exact: true }),
  });
const figure = (node, what) =>
  node.locator("dl > div", { has: page.locator(`dt:text-is("${what}")`) }).locator("dd");
const rateOf = (hop, fault) =>
  page.locator(`[data-hop=${hop}] .fault`, { has: page.getByText(fault, { exact: true }) });

/** Drops a file on the page, as a mouse does. */
async function drop(name, text) {
  const transfer = await page.evaluateHandle(
    ([name, text]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([text], name));
      return transfer;
    },
    [name, text],
  );
  await page.dispatchEvent("body", "dragenter", { dataTransfer: transfer });
  assert.ok(await page.locator("#veil").isVisible());
  await page.dispatchEvent("body", "dragover", { dataTransfer: transfer });
  await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
  assert.ok(await page.locator("#veil").isHidden());
}

async function violations() {
  await page.evaluate(AXE);
  const { violations, passes } = await page.evaluate(() => window.axe.run());
  assert.ok(
    passes.some(({ id }) => id === "color-contrast"),
    "axe checked nothing",
  );
  return violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(" | ")}`,
  );
}

test("the page draws the demo and counts its events", async () => {
  assert.equal(await page.locator(".node").count(), 8);
  assert.equal(
    await figure(box("bucket", "bucket amzn-s3-demo-bucket"), "events").textContent(),
    "6",
  );
  assert.equal(
    await figure(box("function", "function copy-processor"), "handled").textContent(),
    "1",
  );
  assert.equal(
    await figure(
      box("letters", "dead-letter queue put-processor-dead-letters"),
      "dead letter",
    ).textContent(),
    "1",
  );
  const topic = box("topic", "topic object-events");
  assert.equal(await figure(topic, "notifications").textContent(), "6");
  assert.equal(await figure(topic, "for no queue").textContent(), "1");
  assert.equal(await page.locator("#arrows > path").count(), 7);
  const ways = await page
    .locator("#arrows > path")
    .evaluateAll((paths) => paths.map((path) => path.getAttribute("d")));
  assert.ok(
    ways.every((way) => /^M[\d.]+,[\d.]+ /.test(way ?? "")),
    String(ways),
  );
  assert.match(
    await page.locator("#totals").textContent(),
    /^0 in queues · 4 handled · 2 failed attempts · 1 dead letter$/,
  );
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
  }, "the path of the message does not end");
  assert.deepEqual(
    steps.filter((what) => what !== "log"),
    [
      "object",
      "notification",
      "filter",
      "filter",
      "queue",
      "invocation",
      "answer",
      "outcome",
      "invocation",
      "answer",
      "outcome",
      "redriven",
    ],
  );
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

test("a dropped file is stored, and its name is shown as plain text", async () => {
  await drop(HOSTILE, "<script>window.struck = 1</script>");
  await row("<img src=x").locator("[data-state=handled]").waitFor();
  const stored = await demo.object(HOSTILE);
  assert.equal(await stored.text(), "<script>window.struck = 1</script>");
  await row("<img src=x").click();
  await page.locator("#payloads pre").waitFor();
  assert.equal(await page.locator("#details-title").textContent(), HOSTILE_SHOWN);
  assert.equal(await page.locator("#details-title .code").textContent(), "U+202E");
  assert.equal(await page.locator("img, #details script").count(), 0);
  assert.equal(await page.evaluate(() => window.struck), undefined);
});

test("files can be chosen and samples put without a mouse", async () => {
  await page.getByLabel("Folder").fill("chosen/");
  await page.getByLabel("choose files").setInputFiles([
    { name: "one.txt", mimeType: "text/plain", buffer: Buffer.from("1") },
    { name: "two.txt", mimeType: "text/plain", buffer: Buffer.from("2") },
  ]);
  for (const key of ["chosen/one.txt", "chosen/two.txt"])
    await row(key).locator("[data-state=handled]").waitFor();
  await page.getByRole("button", { name: "put a sample" }).focus();
  await page.keyboard.press("Space");
  await row("chosen/sample 1.txt").locator("[data-state=handled]").waitFor();
  await page.getByText("chosen/sample 1.txt is in amzn-s3-demo-bucket").waitFor();
});

test("faults can be turned on and off, and every open page shows it", async () => {
  const other = await browser.newPage();
  await other.goto(demo.url);
  const seen = other.locator("[data-hop=publish] .fault", {
    has: other.getByText("duplicate", { exact: true }),
  });
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
  await other.locator("[data-hop=delete] :checked").first().waitFor();
  const faults = await page.locator("#faults [type=checkbox]").count();
  assert.equal(await page.locator("#faults :checked").count(), faults);
  await other.close();
  await page.getByRole("button", { name: "none" }).click();
  await page.locator("#faults :checked").first().waitFor({ state: "detached" });
});

/** Where a part of the page is, and whether the window shows all of it. */
const isInView = (locator) =>
  locator.evaluate((element) => {
    const { left, right, top, bottom } = element.getBoundingClientRect();
    const seen = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    const isWhole = left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
    return isWhole && (element === seen || element.contains(seen) || seen?.contains(element));
  });

test("messages, pipeline and upload are in view at once", async () => {
  await page.setViewportSize({ width: 1280, height: 800 });
  for (let number = 0; number < 12; number += 1) await demo.put(`view/${number}.txt`, "");
  await row("view/11.txt").locator("[data-state=handled]").waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.scrollHeight), 800);

  const parts = [
    page.locator("#put .button"),
    page.locator("#sample"),
    page.locator("#folder"),
    page.locator("#search"),
    ...(await page.locator(".node").all()),
    ...(await page.locator(".message").all()).slice(0, 5),
  ];
  for (const part of parts) assert.ok(await isInView(part), await part.textContent());
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `view-${colorScheme}.png` });
  }
});

test("a pipeline is in view while its functions crash and time out", async () => {
  const faults = ["--fault", "kill=0.5", "--fault", "time-out=1"];
  const faulty = await Pipeline.start("--config", await faultyPipeline(), ...faults, "--ui", "0");
  try {
    await page.goto(faulty.url);
    await page.setViewportSize({ width: 1280, height: 800 });
    for (let number = 0; number < 40; number += 1) await faulty.put(`faulty/${number}`, "");
    // A row that comes in later would push those that are looked at out of view.
    await row("faulty/39").waitFor();
    for (const figures of await page.locator(".node.function dl").all()) {
      await figures.filter({ hasText: "crash" }).filter({ hasText: "timeout" }).waitFor();
    }

    const hidden = await page.locator(".pipeline .scroll").evaluate(
      (area) => area.scrollHeight - area.clientHeight,
    );
    assert.ok(hidden <= 0, `${hidden} pixels of the diagram are hidden`);
    const parts = [page.locator("#sample"), page.locator("#search")];
    parts.push(...(await page.locator(".message").all()).slice(0, 3));
    for (const part of parts) assert.ok(await isInView(part), await part.textContent());
    await page.screenshot({ path: "faulty.png" });
  } finally {
    await faulty.stop();
  }
});

/** Writes the configuration of the examples, with functions that time out soon. */
async function faultyPipeline() {
  const branch = (name) => `
[[subscription]]
topic = "object-events"
queue = "${name}"
[[queue]]
name = "${name}"
visibility_timeout = 1
dead_letter_queue = "${name}-dead-letters"
max_receive_count = 100
[[queue]]
name = "${name}-dead-letters"
[[function]]
name = "${name}"
command = ["${process.env.BIN_DIR}/put-processor"]
timeout = 1
[[mapping]]
queue = "${name}"
function = "${name}"
`;
  const source = `
[[bucket]]
name = "amzn-s3-demo-bucket"
[[bucket.notification]]
events = ["s3:ObjectCreated:*"]
topic = "object-events"
[[topic]]
name = "object-events"
`;
  await writeFile("faulty.toml", source + branch("put-processor") + branch("copy-processor"));
  return "faulty.toml";
}

/** The counts that touch an arrow, a box, another count or the border, or that are not shown. */
const misplacedCounts = (page) =>
  page.evaluate(() => {
    const inside = (area, x, y) =>
      x > area.left && x < area.right && y > area.top && y < area.bottom;
    const touches = (one, other) =>
      one.left < other.right && one.right > other.left &&
      one.top < other.bottom && one.bottom > other.top;
    const svg = document.getElementById("arrows");
    const frame = svg.getBoundingClientRect();
    const points = [...svg.querySelectorAll(":scope > path")].flatMap((path) =>
      Array.from({ length: Math.ceil(path.getTotalLength()) }, (_, at) => {
        const { x, y } = path.getPointAtLength(at);
        return [x + frame.left, y + frame.top];
      }));
    const boxes = [...document.querySelectorAll(".node")].map((box) => box.getBoundingClientRect());
    const texts = [...svg.querySelectorAll("text")].filter((text) => text.textContent);
    return texts
      .filter((text) => {
        const area = text.getBoundingClientRect();
        const others = texts.filter((other) => other !== text);
        return (
          area.width === 0 ||
          area.left < frame.left ||
          area.right > frame.right ||
          points.some(([x, y]) => inside(area, x, y)) ||
          boxes.some((box) => touches(area, box)) ||
          others.some((other) => touches(area, other.getBoundingClientRect()))
        );
      })
      .map((text) => text.textContent);
  });

test("counts touch neither arrows nor boxes nor each other", async () => {
  const crowded = await Pipeline.start("--config", await crowdedPipeline(), "--ui", "0");
  try {
    for (let number = 0; number < 12; number += 1) {
      await crowded.put(`many/${number}`, "", "crowded");
      await crowded.delete(`many/${number}`, "crowded");
    }
    for (const { url } of [demo, crowded]) {
      await page.goto(url);
      for (const width of [1920, 1280, 1000, 640, 400]) {
        await page.setViewportSize({ width, height: 800 });
        const isShown = async () => (await page.locator("#arrows text:not(:empty)").count()) >= 5;
        await until(isShown, "the counts are not shown");
        await until(
          async () => (await misplacedCounts(page)).length === 0,
          `misplaced at ${width}: ${await misplacedCounts(page)}`,
          5_000,
        );
      }
      await page.setViewportSize({ width: 1280, height: 800 });
      await page.screenshot({ path: url === demo.url ? "counts.png" : "crowded.png" });
    }
  } finally {
    await crowded.stop();
  }
});

/** Writes the configuration of a pipeline with many arrows. */
async function crowdedPipeline() {
  const notification = (events, topic) =>
    `[[bucket.notification]]\nevents = ["${events}"]\ntopic = "${topic}"\n`;
  const queue = (name) =>
    `[[queue]]\nname = "${name}"\ndead_letter_queue = "dead"\nmax_receive_count = 3\n` +
    ["one", "two"]
      .map((topic) => `[[subscription]]\ntopic = "${topic}"\nqueue = "${name}"\n`)
      .join("");
  const text = [
    `[[bucket]]\nname = "crowded"\n`,
    notification("s3:ObjectCreated:*", "one"),
    notification("s3:ObjectRemoved:*", "two"),
    `[[topic]]\nname = "one"\n[[topic]]\nname = "two"\n[[queue]]\nname = "dead"\n`,
    ...["a", "b", "c"].map(queue),
  ].join("\n");
  await writeFile("crowded.toml", text);
  return "crowded.toml";
}

test("characters that cannot be seen are named in every part of the page", async () => {
  const key = "in\u202Evoice\u200b\u0007\ufe0f.exe";
  const shown = "inU+202EvoiceU+200BU+0007U+FE0F.exe";
  await demo.put(key, "");
  await row(shown).locator("[data-state=handled]").waitFor();
  assert.deepEqual(
    await row(shown).locator(".code").allTextContents(),
    ["U+202E", "U+200B", "U+0007", "U+FE0F"],
  );
  await row(shown).click();
  await page.locator("#payloads pre").waitFor();
  assert.equal(await page.locator("#details-title").textContent(), shown);
  await page.keyboard.press("Escape");

  // No text of the page and no attribute has such a character.
  await page.getByLabel("Folder").fill("a\u202Eb");
  await page.getByRole("button", { name: "put a sample" }).click();
  await page.getByText(/aU\+202Eb\/sample \d+.txt is in/).waitFor();
  const raw = await page.evaluate(() =>
    [...document.querySelectorAll("body, body *")].flatMap((element) =>
      [element.textContent, ...[...element.attributes].map(({ value }) => value)].filter((text) =>
        /[\p{Cf}\u0007\ufe0f]/u.test(text))));
  assert.deepEqual(raw, []);
});

test("a long key is folded, and can be unfolded", async () => {
  const key = `archive/${"deep/".repeat(150)}end.txt`;
  await demo.put(key, "");
  const folded = page.locator("#list .message", { hasText: /archive\/deep.*\u2026.*end\.txt/ });
  await folded.first().waitFor();
  assert.equal([...(await folded.locator(".key").first().textContent())].length, 120);
  await folded.first().click();
  await page.getByText("The whole key, 765 characters").click();
  assert.equal(await page.locator("#whole-key p").textContent(), key);
  await page.keyboard.press("Escape");
  await row("poison/too large.bin").click();
  await page.locator("#payloads pre").waitFor();
  assert.ok(await page.locator("#whole-key").isHidden());
});

test("the list can be filtered", async () => {
  await page.getByLabel("dead letters", { exact: true }).check();
  await page.getByText("1 message found.").waitFor();
  assert.deepEqual(await page.locator("#list .key").allTextContents(), ["poison/too large.bin"]);
  await page.getByLabel("in progress").check();
  await page.getByText("No such message.").waitFor();
});

test("the page is accessible in light and in dark mode", async () => {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await violations(), [], colorScheme);
  }
  await page.keyboard.press("Tab");
  assert.equal(
    await page.evaluate(() => document.activeElement.textContent),
    "Skip to the messages",
  );
});

test("everything fits into a small window", async () => {
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

test("nothing moves with reduced motion", async () => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  const moved = page.evaluate(
    () =>
      new Promise((resolve) => {
        const observer = new MutationObserver((changes) => {
          if (
            changes.some((change) =>
              [...change.addedNodes].some((node) => node.nodeName === "circle"),
            )
          )
            resolve(true);
        });
        observer.observe(document.getElementById("arrows"), { childList: true });
        setTimeout(() => resolve(false), 1500);
      }),
  );
  await drop("calm.txt", "");
  await row("calm.txt").locator("[data-state=handled]").waitFor();
  assert.equal(await moved, false);
});

test("an open page reconnects after a restart and starts over", async () => {
  const first = await Pipeline.start("--examples", "--ui", "0");
  const own = await browser.newPage();
  watch(own, /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET/);
  try {
    await own.goto(first.url);
    await own.getByRole("button", { name: "put a sample" }).click();
    await own.locator("#list [data-state=handled]").waitFor();
    await first.stop();
    await own.getByText("connection lost, trying again").waitFor();
    const again = await Pipeline.start("--examples", "--ui", new URL(first.url).port);
    await own.locator("#connection[data-state=live]").waitFor();
    await own.getByText("Nothing has happened yet").waitFor();
    assert.equal(await own.locator("#list li").count(), 0);
    await again.stop();
  } finally {
    await own.close();
    await first.stop();
  }
});

test("an event is published again, and a dead letter is sent back", async () => {
  const dialog = page.getByRole("dialog");
  await drop("again.txt", "");
  await row("again.txt").locator("[data-state=handled]").waitFor();
  await row("again.txt").click();
  assert.ok(await dialog.getByRole("button", { name: /^send back/ }).isHidden());
  await dialog.getByRole("button", { name: "publish again" }).click();
  const said = await dialog.getByText(/^Published again, as #\d+\.$/).textContent();
  await page.keyboard.press("Escape");
  const [number] = said.match(/#\d+/);
  await page.locator("#list .about", { hasText: number }).waitFor();

  await row("poison/too large.bin").click();
  await dialog.getByRole("button", { name: "send back 1 dead letter" }).click();
  await dialog.getByText("Sent back.").waitFor();
  assert.deepEqual(await violations(), []);
  // It is as large as before.
  await until(async () => {
    const steps = await dialog.locator("#path .what").allTextContents();
    return steps.filter((what) => what === "redriven").length === 2;
  }, "the message is not received again");
  await dialog.getByRole("button", { name: "send back 1 dead letter" }).waitFor();
});

test("a build that fails is shown with what the compiler says", async () => {
  const routes = JSON.stringify({
    name: "index",
    buckets: [],
    takes_any_bucket: true,
    events: ["s3:ObjectCreated:*"],
    filter_policy: null,
  });
  await mkdir("project/src", { recursive: true });
  const program = "project/src/main.rs";
  await writeFile(
    "project/Cargo.toml",
    '[package]\nname = "index"\nversion = "0.1.0"\nedition = "2024"\n[workspace]\n',
  );
  await writeFile(program, `fn main() { println!("{}", r#"${routes}"#) }`);
  const own = await Pipeline.start("--manifest-path", "project", "--watch", "--ui", "0");
  try {
    await page.goto(own.url);
    await page.locator("#connection[data-state=live]").waitFor();
    const build = page.getByRole("complementary", { name: "Build" });
    assert.ok(await build.isHidden());
    await writeFile(program, "fn main() { missing() }");
    await build.getByText("The last build has failed.").waitFor();
    await build.getByText("cannot find function `missing`").waitFor();
    assert.deepEqual(await violations(), []);
    await page.screenshot({ path: "build.png" });
    await writeFile(program, `fn main() { println!("{}", r#"${routes}"#); }`);
    await build.waitFor({ state: "hidden" });
  } finally {
    await own.stop();
  }
});

test("the page keeps only the messages that it shows, and finds older ones", async () => {
  for (let number = 0; number < 260; number += 1) await demo.put(`many/${number}`, "");
  await row("many/259").locator("[data-state=handled]").waitFor();
  assert.equal(await page.locator("#list li").count(), 200);
  assert.ok((await page.locator(".token").count()) <= 8 * 3);
  await page.screenshot({ path: "many.png" });

  // The demo's own objects are no longer in the list.
  assert.equal(await row("poison/too large.bin").count(), 0);
  await page.getByLabel("dead letters", { exact: true }).check();
  await row("poison/too large.bin").waitFor();
  await page.getByText("1 message found.").waitFor();
  await page.getByLabel("all", { exact: true }).check();

  await page.getByLabel("Search messages").fill("MANY/1");
  await page.getByText("111 messages found.").waitFor();
  assert.equal(await page.locator("#list li").count(), 111);
  // What happens meanwhile is found too.
  await demo.put("many/1st", "");
  await page.getByText("112 messages found.").waitFor();
  await page.getByLabel("Search messages").fill("too large");
  await page.getByText("1 message found.").waitFor();
  await page.getByLabel("Search messages").fill("no such thing");
  await page.getByText("No such message.").waitFor();
  await page.getByLabel("Search messages").fill("");
  await until(async () => (await page.locator("#list li").count()) === 200, "not all are back");

  await page.getByRole("button", { name: "show older" }).click();
  await row("poison/too large.bin").waitFor();
  assert.ok(await page.getByRole("button", { name: "show older" }).isHidden());
});
