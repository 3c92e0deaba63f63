// A thousand uploads, and what is left of them; and of four thousand more: `node --expose-gc thousand.js URL FILE`. Prints JSON.
'use strict';

const fs = require('node:fs');

const { Engine } = require('../..');

const [url, filePath] = process.argv.slice(2);
const engine = new Engine();

async function uploads(count) {
  let successes = 0;
  const upload = async () => {
    const { signal } = new AbortController();
    const task = engine.uploadFile({ url, filePath, name: 'f', signal, success: () => successes++ });
    task.onProgressUpdate(() => {});
    await task;
  };
  for (let at = 0; at < count; at += 10) await Promise.all(Array.from({ length: 10 }, upload));
  return successes;
}

async function left() {
  // What is collected by one run may free what the next one collects.
  for (let run = 0; run < 5; run++) {
    global.gc();
    await new Promise(setImmediate);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  const count = (folder) => (fs.existsSync(folder) ? fs.readdirSync(folder).length : 0);
  return { heapUsed, external, rss, descriptors: count('/proc/self/fd'), threads: count('/proc/self/task') };
}

(async () => {
  // Code that gets compiled, caches and kept connections are not leaks.
  await uploads(3000);
  const before = await left();
  const successes = await uploads(1000);
  const after = await left();
  // Collecting is not exact: what each upload leaves behind shows in the end of many.
  await uploads(4000);
  const later = await left();
  console.log(JSON.stringify({ successes, before, after, later }));
})();
