// How texts are written, so that they look like what they are.

/**
 * Characters that cannot be seen, or that change the order of others: control and format
 * characters, all that Unicode says to ignore in display, separators other than the space, and
 * code points that have no character.
 */
const HIDDEN = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\u2800]/u;
const NOT_HIDDEN = /^[ \n]$/;

/** Whether a character would not be seen as it is. A line break is one where lines are kept. */
const isHidden = (character, keepsLines) =>
  HIDDEN.test(character) && !(keepsLines ? NOT_HIDDEN : /^ $/).test(character);

/** The name of a character that would not be seen: `U+202E`. */
const codeOf = (character) =>
  `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;

/** Splits a text into pieces that can be seen, and the names of characters that cannot. */
export function pieces(text, keepsLines = false) {
  const all = [];
  for (const character of text) {
    const isCode = isHidden(character, keepsLines);
    const last = all.at(-1);
    if (isCode) all.push({ text: codeOf(character), isCode });
    else if (last && !last.isCode) last.text += character;
    else all.push({ text: character, isCode });
  }
  return all;
}

/** The text where only plain text can stand, as in a title. */
export const plain = (text) =>
  pieces(text)
    .map((piece) => (piece.isCode ? `<${piece.text}>` : piece.text))
    .join("");

/** Folds a long text in the middle, so that its beginning and its end can be seen. */
export function fold(text, length) {
  const characters = [...text];
  if (characters.length <= length) return text;
  const tail = Math.floor(length / 2);
  const head = length - 1 - tail;
  return `${characters.slice(0, head).join("")}\u2026${characters.slice(-tail).join("")}`;
}

/** A number of things: `1 event`, `2 events`. */
export const counted = (count, one, more = `${one}s`) => `${count} ${count === 1 ? one : more}`;

export const times = (count) => (count === 1 ? "once" : `${count} times`);

export const bytes = (size) =>
  size < 1024
    ? counted(size, "byte")
    : size < 1048576
      ? `${(size / 1024).toFixed(1)} KiB`
      : `${(size / 1048576).toFixed(1)} MiB`;

export const seconds = (time) =>
  time < 1 ? `${(time * 1000).toFixed(1)} ms` : `${time.toFixed(2)} s`;
