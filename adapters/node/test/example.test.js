// The examples are run as a reader would run them.
'use strict';

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');

const { file, receive } = require('./receiver.js');

const EXAMPLE = path.join(__dirname, '../../../examples/node/main.js');

test('a renderer uploads by messages to the main process', async (t) => {
  const receiver = await receive(t);
  const run = (url) => new Promise((resolve) => {
    execFile(process.execPath, [EXAMPLE, url, file(t, 'x')], (error, stdout, stderr) => resolve(stdout + stderr));
  });
  assert.equal(await run(receiver.url), '100 %\nstatus 200\n');
  assert.deepEqual(receiver.received[0].fields, [['album', 'spring']]);
  assert.match(await run('ftp://127.0.0.1/'), /^uploadFile:fail invalid parameter: url .* \(104\)\n$/);
});
