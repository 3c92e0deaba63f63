// What Node has beyond callbacks: a signal that aborts, progress as an iterator.
'use strict';

const assert = require('node:assert/strict');
const { getEventListeners } = require('node:events');
const { test } = require('node:test');

const { Engine, uploadFile } = require('..');

const { calls, file, gate, receive } = require('./receiver.js');

const ABORTED = { errMsg: 'uploadFile:fail abort', errno: 301 };

test('a signal aborts all uploads that follow it, and is left alone by those that have ended', async (t) => {
  const held = gate();
  const receiver = await receive(t, { before: (request) => request.headers['x-wait'] && held.opened });
  const warnings = [];
  const warned = (warning) => warnings.push(warning);
  process.on('warning', warned);
  t.after(() => process.off('warning', warned));
  const controller = new AbortController();
  const { signal } = controller;
  const options = { url: receiver.url, filePath: file(t, 'x'), name: 'f', signal };
  await uploadFile(options);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  const tasks = Array.from({ length: 20 }, () => uploadFile({ ...options, header: { 'X-Wait': '1' } }));
  assert.equal(getEventListeners(signal, 'abort').length, 1);
  while (receiver.begun < 6) await new Promise((resolve) => receiver.server.once('request', resolve));
  controller.abort();
  for (const task of tasks) await assert.rejects(task, ABORTED);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  // One that waited was never begun.
  assert.equal(receiver.begun, 6);
  assert.deepEqual(warnings, []);
  held.open();
});

test('a signal that is aborted already aborts the call', async (t) => {
  const receiver = await receive(t);
  const { names, ...callbacks } = calls();
  await assert.rejects(uploadFile({ url: receiver.url, filePath: file(t, 'x'), name: 'f', signal: AbortSignal.abort(), ...callbacks }), ABORTED);
  assert.deepEqual(names(), ['fail', 'complete']);
  assert.deepEqual(receiver.received, []);
});

test('no signal is null or undefined', async (t) => {
  const receiver = await receive(t);
  for (const signal of [null, undefined]) {
    await uploadFile({ url: receiver.url, filePath: file(t, 'x'), name: 'f', signal });
  }
});

test('progress is an iterator: in order, the last of all in the end', async (t) => {
  const receiver = await receive(t);
  const engine = new Engine({ progressInterval: 0 });
  const task = engine.uploadFile({ url: receiver.url, filePath: file(t, Buffer.alloc(20_000_000)), name: 'f' });
  let sent = 0;
  let last;
  for await (const progress of task) {
    assert.ok(progress.totalBytesSent > sent);
    sent = progress.totalBytesSent;
    last = progress.progress;
    // A reader that is slow misses some, and never the last.
    await new Promise(setImmediate);
  }
  assert.equal(last, 100);
  assert.equal((await task).statusCode, 200);
  for await (const _ of task) assert.fail('it is over');
  await engine.shutdown();
});

test('an iterator throws what the upload fails with, and may be left', async (t) => {
  const held = gate();
  const receiver = await receive(t, { before: () => held.opened });
  const options = { url: receiver.url, filePath: file(t, Buffer.alloc(50_000_000)), name: 'f' };
  const task = uploadFile(options);
  await assert.rejects(async () => {
    for await (const _ of task) task.abort();
  }, ABORTED);
  const left = uploadFile(options);
  for await (const _ of left) break;
  held.open();
  assert.equal((await left).statusCode, 200);
});
