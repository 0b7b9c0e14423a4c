// Opens pages of other origins, which try to use the pipeline with its public keys.

import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { Pipeline, browser as launch, until } from "./pipeline.mjs";

const BUCKET = "amzn-s3-demo-bucket";

let app;
let browser;
let pipeline;
let allowed;

before(async () => {
  app = createServer((_, response) => {
    response.setHeader("Content-Type", "text/html");
    response.end("<!doctype html><title>an application</title>");
  });
  app.listen(0, "127.0.0.1");
  await once(app, "listening");
  // Every name below `.example` is pointed to this machine, as by DNS rebinding.
  // The browser's own checks are off, because other browsers do not have them.
  browser = await launch(
    "--host-resolver-rules=MAP *.example 127.0.0.1",
    "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
  );
  const sqs = ["--examples", "--sqs-port", "0", "--ui", "0"];
  pipeline = await Pipeline.start(...sqs);
  allowed = await Pipeline.start(...sqs, "--allow-origin", origin("127.0.0.1"));
  // A bucket that allows every page must not let in any.
  await configure(pipeline, BUCKET, ["GET", "PUT", "POST", "DELETE", "HEAD"], "*");
});

after(async () => {
  await browser?.close();
  await pipeline?.stop();
  await allowed?.stop();
  app?.close();
});

const origin = (host) => `http://${host}:${app.address().port}`;
const url = (target, key) => `${target.s3}/${BUCKET}/${key}`;

/** Signs a URL with the public keys, which any page can do. */
function presigned(target, method, key) {
  const now = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${now.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const path = `/${BUCKET}/${key}`;
  const query = [
    "X-Amz-Algorithm=AWS4-HMAC-SHA256",
    `X-Amz-Credential=${encodeURIComponent(`test/${scope}`)}`,
    `X-Amz-Date=${now}`,
    "X-Amz-Expires=900",
    "X-Amz-SignedHeaders=host",
  ].join("&");
  const host = new URL(target.s3).host;
  const canonical = [method, path, query, `host:${host}`, "", "host", "UNSIGNED-PAYLOAD"];
  const digest = createHash("sha256").update(canonical.join("\n")).digest("hex");
  const hmac = (key, text) => createHmac("sha256", key).update(text).digest();
  const key4 = scope.split("/").reduce(hmac, "AWS4test");
  const signature = hmac(key4, ["AWS4-HMAC-SHA256", now, scope, digest].join("\n"));
  return `${target.s3}${path}?${query}&X-Amz-Signature=${signature.toString("hex")}`;
}

/** Sets the CORS rules of a bucket. */
async function configure(target, bucket, methods, origin) {
  const allowed = methods.map((method) => `<AllowedMethod>${method}</AllowedMethod>`).join("");
  const rule = `${allowed}<AllowedOrigin>${origin}</AllowedOrigin><AllowedHeader>*</AllowedHeader>`;
  const body = `<CORSConfiguration><CORSRule>${rule}</CORSRule></CORSConfiguration>`;
  const answer = await fetch(`${target.s3}/${bucket}?cors`, { method: "PUT", body });
  assert.equal(answer.status, 200);
}

async function put(target, key, body) {
  assert.equal((await fetch(url(target, key), { method: "PUT", body })).status, 200);
}

async function objects(target) {
  const response = await fetch(`${target.s3}/${BUCKET}?list-type=2`);
  assert.equal(response.status, 200);
  return [...(await response.text()).matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key]) => key);
}

/** Opens a page of the application under this name. */
async function open(host) {
  const page = await browser.newPage();
  await page.goto(origin(host));
  return page;
}

/** Sends a form by a frame, as a page without any script can, and waits for the answer. */
async function submit(page, action, key) {
  const answered = page.waitForResponse((response) => response.url() === action);
  await page.evaluate(([action, key]) => {
    const frame = document.createElement("iframe");
    frame.name = `frame-${Math.random()}`;
    const form = document.createElement("form");
    Object.assign(form, { action, method: "post", enctype: "multipart/form-data" });
    form.target = frame.name;
    for (const [name, value] of [["key", key], ["file", "from a form"]]) {
      const input = document.createElement("input");
      Object.assign(input, { name, value });
      form.append(input);
    }
    document.body.append(frame, form);
    form.submit();
  }, [action, key]);
  return (await answered).status();
}

/** What `fetch` gives a page: a status it can read, `opaque`, or `refused`. */
const request = (page, target, options) =>
  page.evaluate(
    ([target, options]) =>
      fetch(target, options).then(
        (response) => (response.type === "opaque" ? "opaque" : response.status),
        () => "refused",
      ),
    [target, options],
  );

for (const host of ["127.0.0.1", "localhost", "evil.example"]) {
  test(`a page of ${host} reads and changes nothing`, async () => {
    await put(pipeline, "kept.txt", "kept");
    const before = await objects(pipeline);
    const page = await open(host);

    assert.equal(await submit(page, `${pipeline.s3}/${BUCKET}`, "form.txt"), 403);
    for (const [method, key] of [["PUT", "put.txt"], ["DELETE", "kept.txt"], ["GET", "kept.txt"]]) {
      const body = method === "PUT" ? "text" : undefined;
      const target = presigned(pipeline, method, key);
      assert.equal(await request(page, target, { method, body }), "refused", method);
    }

    const simple = { method: "POST", mode: "no-cors", body: "{}" };
    for (const target of [
      presigned(pipeline, "POST", "form.txt"),
      `${url(pipeline, "upload.txt")}?uploads`,
      `${pipeline.sqs}/`,
    ]) {
      const answered = page.waitForResponse((response) => response.url() === target);
      assert.equal(await request(page, target, simple), "opaque", target);
      assert.equal((await answered).status(), 403, target);
    }
    for (const path of ["/faults", `/object?bucket=${BUCKET}&key=new.txt`])
      assert.equal(await request(page, `${pipeline.url}${path}`, simple), "refused", path);

    const shown = page.evaluate(
      (source) =>
        new Promise((resolve) => {
          const image = new Image();
          image.onload = () => resolve("loaded");
          image.onerror = () => resolve("refused");
          image.src = source;
        }),
      presigned(pipeline, "GET", "kept.txt"),
    );
    assert.equal(await shown, "refused");
    assert.deepEqual(await objects(pipeline), before);
    await page.close();
  });
}

test("a name that is pointed to this machine reads and changes nothing", async () => {
  await put(pipeline, "kept.txt", "kept");
  const before = await objects(pipeline);

  for (const [target, read, write] of [
    [pipeline.s3, `/${BUCKET}?list-type=2`, `/${BUCKET}/new.txt`],
    [pipeline.sqs, "/", "/"],
    [pipeline.url, "/events", `/object?bucket=${BUCKET}&key=new.txt`],
  ]) {
    const page = await browser.newPage();
    const home = target.replace("127.0.0.1", "rebound.example");
    // The name first belongs to the site itself, which serves its page.
    await page.route(`${home}/attack`, (route) =>
      route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
    await page.goto(`${home}/attack`);
    assert.equal(await page.evaluate(() => location.origin), home);
    assert.equal(await request(page, read, {}), 403);
    assert.equal(await request(page, write, { method: "PUT", body: "text" }), 403);
    await page.close();
  }

  assert.deepEqual(await objects(pipeline), before);
});

test("a page of an allowed origin does what the rules of a bucket allow", async () => {
  const bucket = "amzn-s3-demo-cors";
  assert.equal((await fetch(`${allowed.s3}/${bucket}`, { method: "PUT" })).status, 200);
  const target = `${allowed.s3}/${bucket}/a.txt`;
  assert.equal((await fetch(target, { method: "PUT", body: "text" })).status, 200);
  const page = await open("127.0.0.1");
  // The browser would answer from its cache.
  const read = { cache: "no-store" };
  const custom = { headers: { "x-amz-meta-a": "a" }, ...read };

  // Without rules, everything.
  assert.equal(await request(page, target, { method: "PUT", body: "text" }), 200);

  await configure(allowed, bucket, ["GET"], "http://127.0.0.1:*");
  assert.equal(await request(page, target, custom), 200);
  assert.equal(await request(page, target, { method: "PUT", body: "text" }), "refused");
  assert.equal(await request(page, target, { method: "DELETE" }), "refused");
  assert.equal((await fetch(target)).status, 200);

  await configure(allowed, bucket, ["GET", "PUT"], "https://other.example");
  assert.equal(await request(page, target, read), "refused");
  assert.equal(await request(page, target, custom), "refused");
  await page.close();
});

test("a page of an allowed origin uploads, reads, shows and deletes", async () => {
  await put(allowed, "old.txt", "old");
  const page = await open("127.0.0.1");

  assert.equal(await submit(page, `${allowed.s3}/${BUCKET}`, "form.txt"), 204);
  const etag = await page.evaluate(
    async (target) => {
      const headers = { "Content-Type": "text/plain", "x-amz-meta-from": "a page" };
      const response = await fetch(target, { method: "PUT", body: "text", headers });
      return response.headers.get("ETag");
    },
    presigned(allowed, "PUT", "put.txt"),
  );
  assert.equal(etag, `"${createHash("md5").update("text").digest("hex")}"`);
  const del = presigned(allowed, "DELETE", "old.txt");
  assert.equal(await request(page, del, { method: "DELETE" }), 204);
  assert.deepEqual(await objects(allowed), ["form.txt", "put.txt"]);

  const svg = "<svg xmlns='http://www.w3.org/2000/svg' width='7' height='5'/>";
  const headers = { "Content-Type": "image/svg+xml" };
  await fetch(url(allowed, "a.svg"), { method: "PUT", body: svg, headers });
  const width = page.evaluate(async (source) => {
    const image = new Image();
    image.src = source;
    await image.decode();
    return image.naturalWidth;
  }, presigned(allowed, "GET", "a.svg"));
  assert.equal(await width, 7);

  const found = page.evaluate(async (target) => {
    const headers = { "X-Amz-Target": "AmazonSQS.GetQueueUrl" };
    const body = JSON.stringify({ QueueName: "put-processor" });
    const response = await fetch(target, { method: "POST", headers, body });
    return response.json();
  }, `${allowed.sqs}/`);
  assert.match((await found).QueueUrl, /\/put-processor$/);
  await page.close();

  // The same application under another name is another origin.
  const other = await open("localhost");
  assert.equal(await submit(other, `${allowed.s3}/${BUCKET}`, "other.txt"), 403);
  const target = presigned(allowed, "PUT", "other.txt");
  assert.equal(await request(other, target, { method: "PUT", body: "text" }), "refused");
  assert.ok(!(await objects(allowed)).includes("other.txt"));
  await other.close();
});

test("an object can be opened by a link from another site", async () => {
  await put(pipeline, "linked.txt", "linked");
  const page = await open("evil.example");
  await page.evaluate((target) => {
    const link = document.createElement("a");
    link.href = target;
    link.textContent = "open";
    document.body.append(link);
  }, url(pipeline, "linked.txt"));
  await page.getByText("open").click();
  const text = await until(
    async () => (await page.locator("body").textContent()) === "linked",
    "the object is not shown",
  );
  assert.ok(text);
  await page.close();
});
