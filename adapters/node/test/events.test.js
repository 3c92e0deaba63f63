// When callbacks run, and in which order.
'use strict';

const assert = require('node:assert/strict');
const { AsyncLocalStorage } = require('node:async_hooks');
const { spawnSync } = require('node:child_process');
const { test } = require('node:test');

const { Engine, uploadFile } = require('..');

const { calls, file, gate, receive } = require('./receiver.js');

test('progress, headers, success, complete, and then who awaits', async (t) => {
  const receiver = await receive(t);
  const engine = new Engine({ progressInterval: 0 });
  const noted = calls();
  const task = engine.uploadFile({ url: receiver.url, filePath: file(t, Buffer.alloc(20_000_000)), name: 'f', ...noted });
  task.onProgressUpdate(noted.note('progress'));
  task.onHeadersReceived(noted.note('headers'));
  await task.then(noted.note('then'));
  const names = noted.names();
  const before = names.filter((name) => name === 'progress').length;
  assert.ok(before > 1);
  assert.deepEqual(names.slice(0, before).filter((name) => name !== 'progress'), []);
  assert.deepEqual(names.slice(before), ['headers', 'success', 'complete', 'then']);
  const progress = noted.calls.slice(0, before).map(([, progress]) => progress);
  const total = progress[0].totalBytesExpectedToSend;
  let sent = 0;
  for (const { progress: percent, totalBytesSent, totalBytesExpectedToSend } of progress) {
    assert.ok(totalBytesSent >= sent && totalBytesSent <= total);
    assert.equal(totalBytesExpectedToSend, total);
    assert.equal(percent, Math.floor((totalBytesSent * 100) / total));
    sent = totalBytesSent;
  }
  assert.equal(sent, total);
  assert.equal(noted.calls[before][1].header['X-Answer'], 'yes');
  assert.equal(noted.calls[before + 1][1], noted.calls[before + 2][1]);
  await engine.shutdown();
});

test('nothing is told before the call has returned', async () => {
  let returned = false;
  const told = [];
  const tell = () => told.push(returned);
  const task = uploadFile({ fail: tell, complete: tell });
  returned = true;
  await assert.rejects(task);
  assert.deepEqual(told, [true, true]);
});

test('a listener is called once for each event, in the order of their coming, until it is taken off', async (t) => {
  const receiver = await receive(t);
  const { names, note } = calls();
  const task = uploadFile({ url: receiver.url, filePath: file(t, 'x'), name: 'f' });
  const [a, b, c] = ['a', 'b', 'c'].map(note);
  task.onProgressUpdate(a);
  task.onProgressUpdate(b);
  task.onProgressUpdate(a);
  task.onProgressUpdate(c);
  task.onProgressUpdate('no function');
  task.offProgressUpdate(c);
  task.onHeadersReceived(c);
  task.offHeadersReceived();
  await task;
  task.onProgressUpdate(c);
  assert.deepEqual(names(), ['a', 'b']);
});

test('who comes late hears what nobody has heard', async (t) => {
  const held = gate();
  const receiver = await receive(t, { before: () => held.opened });
  const { names, note } = calls();
  const task = uploadFile({ url: receiver.url, filePath: file(t, 'x'), name: 'f' });
  await new Promise((resolve) => receiver.server.once('request', resolve));
  task.onProgressUpdate(note('progress'));
  task.onHeadersReceived(note('headers'));
  held.open();
  await task;
  assert.deepEqual(names(), ['progress', 'headers']);
});

test('an abort ends an upload in any state, and no progress follows', async (t) => {
  const held = gate();
  const receiver = await receive(t, { before: () => held.opened });
  const engine = new Engine({ activeMax: 1, progressInterval: 0 });
  const options = { url: receiver.url, filePath: file(t, Buffer.alloc(50_000_000)), name: 'f' };
  const noted = [calls(), calls()];
  const [running, queued] = noted.map((noted) => engine.uploadFile({ ...options, ...noted }));
  queued.abort();
  running.onProgressUpdate(() => {
    noted[0].note('progress')();
    running.abort();
    running.abort();
  });
  running.onProgressUpdate(noted[0].note('progress after the abort'));
  for (const task of [running, queued]) {
    await assert.rejects(task, { errMsg: 'uploadFile:fail abort', errno: 301, errString: 'Network request cancelled' });
  }
  assert.deepEqual(noted.map(({ names }) => names()), [['progress', 'fail', 'complete'], ['fail', 'complete']]);
  assert.ok(receiver.begun <= 1);
  running.abort();
  held.open();
  await engine.shutdown();
});

test('five at a time, and a callback finds a free slot', async (t) => {
  const receiver = await receive(t);
  const filePath = file(t, Buffer.alloc(200_000));
  const options = { url: receiver.url, filePath, name: 'f' };
  let last;
  const tasks = Array.from({ length: 20 }, () => uploadFile({ ...options, success: () => { last = uploadFile(options); } }));
  await Promise.all(tasks);
  await last;
  assert.ok(receiver.activeMost <= 5);
});

test('callbacks run in the asynchronous context of the call', async (t) => {
  const receiver = await receive(t);
  const storage = new AsyncLocalStorage();
  const seen = [];
  const see = () => seen.push(storage.getStore());
  await storage.run('mine', () => {
    const task = uploadFile({ url: receiver.url, filePath: file(t, 'x'), name: 'f', success: see, complete: see });
    task.onProgressUpdate(see);
    return task;
  });
  assert.deepEqual(seen, ['mine', 'mine', 'mine']);
});

// In a process of its own: it is about what is told to the process.
test('a callback that throws stops nothing, and is an uncaught exception', () => {
  const script = `
    const { uploadFile } = require('..');
    const caught = [];
    process.on('uncaughtException', (error) => caught.push(error));
    const fail = () => { throw 'fail'; };
    const complete = () => { throw 'complete'; };
    process.on('exit', () => console.log(caught.join()));
    uploadFile({ fail, complete }).then(undefined, () => console.log('settled'));
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { cwd: __dirname, encoding: 'utf8' });
  assert.equal(stdout, 'settled\nfail,complete\n', stderr);
});

test('a rejection that nobody asked for is nobody\'s', () => {
  const script = "require('..').uploadFile({}); process.on('exit', (code) => console.log(code));";
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { cwd: __dirname, encoding: 'utf8' });
  assert.equal(stdout, '0\n', stderr);
});
