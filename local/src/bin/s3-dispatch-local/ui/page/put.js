// Puts files into a bucket, one after the other.

import { ask, find, make, write } from "./dom.js";

const [bucket, files, folder, status, veil] = ["bucket", "files", "folder", "put-status", "veil"].map(find);
let depth = 0;
let samples = 0;
let queue = Promise.resolve();

export function setBuckets(names) {
  bucket.replaceChildren(...names.map((name) => make("option", {}, name)));
  find("bucket-field").hidden = names.length < 2;
}

function put(list) {
  const [target, prefix] = [bucket.value, folder.value && `${folder.value.replace(/\/+$/, "")}/`];
  queue = queue.then(async () => {
    for (const file of list) await putOne(target, prefix + file.name, file);
  });
}

async function putOne(target, key, body) {
  write(status, `putting ${key}`);
  try {
    const query = `bucket=${encodeURIComponent(target)}&key=${encodeURIComponent(key)}`;
    await ask(`/object?${query}`, { method: "PUT", body });
    write(status, `${key} is in ${target}`);
  } catch (error) {
    write(status, `${key} was not put: ${error.message}`);
  }
}

find("put").addEventListener("submit", (event) => event.preventDefault());
find("sample").addEventListener("click", () => {
  samples += 1;
  put([new File([`sample ${samples}\n`], `sample ${samples}.txt`)]);
});
files.addEventListener("change", () => {
  put([...files.files]);
  files.value = "";
});

const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
const cover = (isOn) => (veil.hidden = !isOn);

addEventListener("dragenter", (event) => {
  if (!hasFiles(event)) return;
  depth += 1;
  cover(true);
});
addEventListener("dragleave", (event) => {
  if (!hasFiles(event)) return;
  depth -= 1;
  if (depth <= 0) cover(false);
});
addEventListener("dragover", (event) => {
  if (hasFiles(event)) event.preventDefault();
});
addEventListener("drop", (event) => {
  depth = 0;
  cover(false);
  if (!hasFiles(event)) return;
  event.preventDefault();
  put([...event.dataTransfer.files]);
});
