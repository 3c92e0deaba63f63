// Uploads and the processes and threads that they run in.
'use strict';

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');
const { Worker } = require('node:worker_threads');

const { file, gate, receive } = require('./receiver.js');

const program = (name) => path.join(__dirname, 'programs', name);

// Runs a program of this folder to its end.
function run(name, args, flags = []) {
  return new Promise((resolve) => {
    execFile(process.execPath, [...flags, program(name), ...args], (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, signal: error?.signal ?? null, stdout, stderr });
    });
  });
}

test('the process ends by itself after its last upload, and not before', async (t) => {
  const held = gate();
  const receiver = await receive(t, { before: () => held.opened });
  const ended = run('upload.js', [receiver.url, file(t, 'x')]);
  const first = await Promise.race([ended, new Promise((resolve) => receiver.server.once('request', resolve))]);
  assert.ok(!('code' in first), first.stderr);
  held.open();
  assert.deepEqual(await ended, { code: 0, signal: null, stdout: 'uploadFile:ok\n', stderr: '' });
});

test('a program that only loads the package, or only makes an engine, ends', async () => {
  for (const script of ["require('..')", "new (require('..').Engine)()"]) {
    const { code, signal } = await new Promise((resolve) => {
      execFile(process.execPath, ['-e', script], { cwd: __dirname }, (error) => resolve(error ?? { code: 0, signal: null }));
    });
    assert.deepEqual({ code, signal }, { code: 0, signal: null });
  }
});

test('a process may end in the middle of uploads, in every way', async (t) => {
  const receiver = await receive(t);
  const filePath = file(t, Buffer.alloc(20_000_000));
  for (let round = 0; round < 3; round++) {
    const exit = await run('leave.js', [receiver.url, filePath, 'exit']);
    assert.deepEqual(exit, { code: 0, signal: null, stdout: '', stderr: '' });
    const thrown = await run('leave.js', [receiver.url, filePath, 'throw']);
    assert.deepEqual([thrown.code, thrown.signal, thrown.stdout], [1, null, '']);
    assert.match(thrown.stderr, /on purpose/);
    const killed = await run('leave.js', [receiver.url, filePath, 'kill']);
    assert.deepEqual([killed.signal, killed.stdout], ['SIGTERM', '']);
  }
});

test('workers upload, each by an engine of its own, and end by themselves', async (t) => {
  const receiver = await receive(t);
  const workerData = { url: receiver.url, filePath: file(t, 'x'), times: 5 };
  const heard = await Promise.all([1, 2, 3].map(() => new Promise((resolve, reject) => {
    const heard = [];
    const worker = new Worker(program('worker.js'), { workerData });
    worker.on('message', (message) => heard.push(message)).on('error', reject);
    worker.on('exit', (code) => resolve([code, ...heard]));
  })));
  const upload = ['progress', 'uploadFile:ok'];
  assert.deepEqual(heard, Array(3).fill([0, ...upload, ...upload, ...upload, ...upload, ...upload]));
});

test('a worker may be terminated in the middle of uploads, which ends them', async (t) => {
  const receiver = await receive(t);
  const filePath = file(t, Buffer.alloc(50_000_000));
  for (let round = 0; round < 10; round++) {
    const worker = new Worker(program('worker.js'), { workerData: { url: receiver.url, filePath, times: 1 } });
    const ended = new Promise((resolve) => receiver.server.once('request', (request) => request.once('close', resolve)));
    assert.equal(await new Promise((resolve) => worker.once('message', resolve)), 'progress');
    await worker.terminate();
    // The connection goes with the engine.
    await ended;
  }
});

const onLinux = process.platform === 'linux' ? false : 'counts what Linux tells in /proc';

test('a thousand uploads leave nothing behind', { skip: onLinux }, async (t) => {
  const receiver = await receive(t, { answer: 'x' });
  const { stdout, stderr } = await run('thousand.js', [receiver.url, file(t, 'x')], ['--expose-gc']);
  const { successes, before, after, later } = JSON.parse(stdout || `"${stderr}"`);
  const told = JSON.stringify({ before, after, later });
  t.diagnostic(told);
  assert.equal(successes, 1000);
  assert.equal(after.descriptors, before.descriptors);
  assert.equal(after.threads, before.threads);
  // Fewer than 100 bytes for each of the five thousand.
  for (const what of ['heapUsed', 'external']) assert.ok(later[what] - before[what] < 500_000, told);
});

test('an engine that nobody holds ends, though not before its uploads', { skip: onLinux }, async (t) => {
  const receiver = await receive(t);
  const { stdout, stderr } = await run('engines.js', [receiver.url, file(t, 'x')], ['--expose-gc']);
  assert.match(stdout, /^uploadFile:ok\n1[01] 0\n$/, stderr);
});
