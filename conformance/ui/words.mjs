// How the page writes texts: each character that cannot be seen has a name.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, counted, fold, pieces, plain, times } from "./text.mjs";

/** Derived property Default_Ignorable_Code_Point (Unicode 16.0, DerivedCoreProperties.txt). */
const IGNORABLE = [
  [0xad], [0x34f], [0x61c], [0x115f, 0x1160], [0x17b4, 0x17b5], [0x180b, 0x180f],
  [0x200b, 0x200f], [0x202a, 0x202e], [0x2060, 0x206f], [0x3164], [0xfe00, 0xfe0f], [0xfeff],
  [0xffa0], [0xfff0, 0xfff8], [0x1bca0, 0x1bca3], [0x1d173, 0x1d17a], [0xe0000, 0xe0fff],
];
/** Property Bidi_Control (Unicode 16.0, PropList.txt). */
const BIDI_CONTROL = [[0x61c], [0x200e, 0x200f], [0x202a, 0x202e], [0x2066, 0x2069]];
const CONTROL = [[0x0, 0x1f], [0x7f, 0x9f]];
const ZERO_WIDTH = [[0x200b, 0x200d], [0x2060], [0xfeff], [0x180e]];
const SEPARATORS = [[0xa0], [0x1680], [0x2000, 0x200a], [0x2028, 0x2029], [0x202f], [0x205f],
  [0x3000]];

const all = (...tables) =>
  tables.flat().flatMap(([first, last = first]) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index));

const nameOf = (code) => `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;

test("every character that cannot be seen is named", () => {
  for (const code of all(IGNORABLE, BIDI_CONTROL, CONTROL, ZERO_WIDTH, SEPARATORS)) {
    const text = `a${String.fromCodePoint(code)}b`;
    assert.deepEqual(pieces(text), [
      { text: "a", isCode: false },
      { text: nameOf(code), isCode: true },
      { text: "b", isCode: false },
    ]);
    assert.equal(plain(text), `a<${nameOf(code)}>b`);
  }
});

test("characters that can be seen stay as they are", () => {
  const seen = /^[\p{L}\p{N}\p{P}\p{S}\p{M} ]$/u;
  const hidden = new Set(all(IGNORABLE, [[0x2800]]));
  let count = 0;
  for (let code = 0; code <= 0x10ffff; code += 1) {
    const text = String.fromCodePoint(code);
    if (!seen.test(text) || hidden.has(code)) continue;
    count += 1;
    assert.deepEqual(pieces(text), [{ text, isCode: false }], nameOf(code));
  }
  assert.ok(count > 140_000, String(count));
});

test("the name of a character is not taken for text", () => {
  assert.deepEqual(pieces("U+202E"), [{ text: "U+202E", isCode: false }]);
  assert.deepEqual(pieces("\ud800"), [{ text: "U+D800", isCode: true }]);
  assert.deepEqual(pieces(""), []);
});

test("line breaks are kept only where lines are", () => {
  assert.equal(plain("a\nb"), "a<U+000A>b");
  assert.deepEqual(pieces("a\nb", true), [{ text: "a\nb", isCode: false }]);
  assert.deepEqual(pieces("\r", true), [{ text: "U+000D", isCode: true }]);
});

test("a fold keeps the beginning and the end, and cuts no character", () => {
  assert.equal(fold("short", 5), "short");
  assert.equal(fold("abcdefgh", 5), "ab\u2026gh");
  assert.equal(fold("\u{1f600}".repeat(9), 3), "\u{1f600}\u2026\u{1f600}");
});

test("numbers agree with their nouns", () => {
  const events = [0, 1, 2].map((count) => counted(count, "event"));
  assert.deepEqual(events, ["0 events", "1 event", "2 events"]);
  assert.equal(counted(2, "crash", "crashes"), "2 crashes");
  assert.deepEqual([0, 1, 1024].map(bytes), ["0 bytes", "1 byte", "1.0 KiB"]);
  assert.deepEqual([1, 2].map(times), ["once", "2 times"]);
});
