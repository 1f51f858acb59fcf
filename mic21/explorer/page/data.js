// Fetches what the page shows. Every address is beside the page's own, so that a static site can lie anywhere.

let token = null;

export class Missing extends Error {}

async function fetched(path) {
  const answer = await fetch(`data/${path}${token ? "?v=" + token : ""}`);
  if (answer.ok) return answer;
  const reason = await answer.json().then(
    (found) => found.error,
    () => answer.statusText,
  );
  throw new Missing(reason);
}

async function json(path) {
  return (await fetched(path)).json();
}

const kept = new Map();

// As json, but asked for once; the oldest are let go when there are many.
function once(path) {
  if (!kept.has(path)) {
    const promise = json(path);
    promise.catch(() => kept.delete(path));
    kept.set(path, promise);
    if (kept.size > 3000) kept.delete(kept.keys().next().value);
  }
  return kept.get(path);
}

export async function about() {
  const found = await json("about.json");
  token = found.token;
  return found;
}

export async function columns() {
  return (await fetched("index.bin")).arrayBuffer();
}

export const ontology = () => once("ontology.json");
export const names = (language) => once(`names/${language}.json`);
export const category = (key) => once(`categories/${encodeURIComponent(key)}.json`);
export const image = (id) => once(`images/${id}.json`);
export const comparison = () => once("comparison.json");
export const captions = () => once("captions.json");
export const searchNames = () => once("search.json");

// Masks over thumbnails wait here, so that what a person asks for meanwhile is not behind them: three at a time,
// and none that has been scrolled away.
const waiting = [];
let running = 0;

export function tile(id, isWanted) {
  return new Promise((resolve, reject) => {
    waiting.push({id, isWanted, resolve, reject});
    run();
  });
}

function run() {
  while (running < 3 && waiting.length) {
    const {id, isWanted, resolve, reject} = waiting.shift();
    if (!isWanted()) continue;
    running++;
    once(`tiles/${id}.json`)
      .then(resolve, reject)
      .finally(() => {
        running--;
        run();
      });
  }
}

const versioned = (path) => path + (token ? "?v=" + token : "");
export const thumbnail = (id) => versioned(`data/thumbnails/${id}.webp`);
export const photograph = (id, extension) => versioned(`data/photographs/${id}.${extension}`);

export async function search(word) {
  const answer = await fetch(`search?q=${encodeURIComponent(word)}`, {priority: "high"});
  return answer.ok ? answer.json() : [];
}

export async function texts() {
  return (await fetch("page/texts.tsv")).text();
}
