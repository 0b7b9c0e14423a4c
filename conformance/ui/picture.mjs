// Takes the picture of the README.

import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { Pipeline, browser as launch } from "./pipeline.mjs";

// `conformance/ui/run` starts this in target/ui.
const PICTURE = "../../docs/local.webp";

test("the page after a demo with faults", async () => {
  const browser = await launch("--hide-scrollbars");
  const demo = await Pipeline.start("--demo", "--chaos", "0.2", "--seed", "7", "--ui", "0");

  try {
    await demo.line(/(The page stays)/);

    const page = await browser.newPage({
      viewport: { width: 1200, height: 860 },
      colorScheme: "light",
      reducedMotion: "reduce",
    });
    await page.goto(demo.url);
    await page.locator("#connection[data-state=live]").waitFor();
    await page.locator("#list .message").first().waitFor();
    // Playwright writes no WebP, which is a third of the size.
    const browserTab = await page.context().newCDPSession(page);
    const options = { format: "webp", quality: 85 };
    const { data } = await browserTab.send("Page.captureScreenshot", options);
    await writeFile(PICTURE, Buffer.from(data, "base64"));
  } finally {
    await browser.close();
    await demo.stop();
  }
});
