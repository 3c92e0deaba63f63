// What the README shows runs.
'use strict';

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { file, receive } = require('./receiver.js');

const EXPECTED = [/^100 %\n200 /, /^100 %\n200\n$/, /^200\n$/];

test('the examples of the README run', async (t) => {
  const readme = fs.readFileSync(path.join(__dirname, '../README.md'), 'utf8');
  const blocks = [...readme.matchAll(/```js\n(.*?)```/gs)].map(([, block]) => block.replace('@quintet/upload', '..'));
  assert.equal(blocks.length, EXPECTED.length);
  const receiver = await receive(t);
  for (const [at, block] of blocks.entries()) {
    const script = `const [url, filePath] = process.argv.slice(1); (async () => {${block}})()`;
    const said = await new Promise((resolve) => {
      execFile(process.execPath, ['-e', script, receiver.url, file(t, 'x')], { cwd: __dirname }, (_, stdout, stderr) => resolve(stdout + stderr));
    });
    assert.match(said, EXPECTED[at]);
  }
});
