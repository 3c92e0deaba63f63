// Engines that nobody holds any more, one of them with an upload under way: `node --expose-gc engines.js URL FILE`. Prints
// how many threads there were at most and in the end.
'use strict';

const fs = require('node:fs');

const { Engine } = require('../..');

const [url, filePath] = process.argv.slice(2);
const threads = () => fs.readdirSync('/proc/self/task').length;
const collect = async () => {
  global.gc();
  await new Promise(setImmediate);
};

(async () => {
  const before = threads();
  await new Promise((resolve) => {
    new Engine().uploadFile({ url, filePath, name: 'f', complete: ({ errMsg }) => resolve(console.log(errMsg)) });
    for (let run = 0; run < 5; run++) global.gc();
  });
  for (let at = 0; at < 10; at++) new Engine();
  const most = threads();
  // Their threads end by themselves, a little later.
  while (threads() > before) await collect();
  console.log(most - before, threads() - before);
})();
