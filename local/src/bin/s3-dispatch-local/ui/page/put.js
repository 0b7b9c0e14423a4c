// Puts files into a bucket, one after another.

import { ask, find, make, write } from "./dom.js";

const [bucket, files, folder, status, veil] = [
  "bucket", "files", "folder", "put-status", "veil",
].map(find);
// How many nested elements the dragged files have entered.
let dragDepth = 0;
let samples = 0;
let queue = Promise.resolve();

export function setBuckets(names) {
  bucket.replaceChildren(...names.map((name) => make("option", {}, name)));
  find("bucket-field").hidden = names.length < 2;
}

function put(list) {
  const target = bucket.value;
  const prefix = folder.value && `${folder.value.replace(/\/+$/, "")}/`;
  queue = queue.then(async () => {
    for (const file of list) await putOne(target, prefix + file.name, file);
  });
}

async function putOne(target, key, body) {
  write(status, `Uploading ${key}...`);
  try {
    const query = `bucket=${encodeURIComponent(target)}&key=${encodeURIComponent(key)}`;
    await ask(`/object?${query}`, { method: "PUT", body });
    write(status, `${key} is in ${target}`);
  } catch (error) {
    write(status, `${key} was not uploaded: ${error.message}`);
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
const showVeil = (isShown) => (veil.hidden = !isShown);

addEventListener("dragenter", (event) => {
  if (!hasFiles(event)) return;
  dragDepth += 1;
  showVeil(true);
});
addEventListener("dragleave", (event) => {
  if (!hasFiles(event)) return;
  dragDepth -= 1;
  if (dragDepth <= 0) showVeil(false);
});
addEventListener("dragover", (event) => {
  if (hasFiles(event)) event.preventDefault();
});
addEventListener("drop", (event) => {
  dragDepth = 0;
  showVeil(false);
  if (!hasFiles(event)) return;
  event.preventDefault();
  put([...event.dataTransfer.files]);
});
