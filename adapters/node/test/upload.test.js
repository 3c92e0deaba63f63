// What a call means: what is sent, and what is told of it.
'use strict';

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const { test } = require('node:test');

const { Engine, UploadError, UploadTask, uploadFile } = require('..');

const { calls, file, receive, sha256 } = require('./receiver.js');

test('a file and its fields arrive as they were given', async (t) => {
  const receiver = await receive(t);
  const bytes = crypto.randomBytes(5_000_000);
  const filePath = file(t, bytes, '照片 1.jpg');
  const task = uploadFile({
    url: receiver.url,
    filePath,
    name: 'photo',
    header: { 'X-Mine': 'a', Referer: 'http://elsewhere.test/' },
    formData: { album: 'spring', year: 2026, tags: ['a', 'b'], half: '\ud800', day: new Date(0) },
  });
  assert.ok(task instanceof UploadTask);
  assert.deepEqual(task.ignoredHeaders, ['Referer']);
  const result = await task;
  assert.deepEqual(Object.keys(result), ['statusCode', 'data', 'errMsg', 'trace']);
  assert.equal(result.statusCode, 200);
  assert.equal(result.errMsg, 'uploadFile:ok');
  assert.equal(result.trace, task.trace);
  const [received] = receiver.received;
  assert.deepEqual(received.fields, [
    ['album', 'spring'],
    ['year', '2026'],
    ['tags', '["a","b"]'],
    ['half', '\ufffd'],
    ['day', '1970-01-01T00:00:00.000Z'],
  ]);
  const [{ fieldname, originalname, mimetype, size, sha256: hash }] = received.files;
  assert.deepEqual([fieldname, originalname, mimetype, size], ['photo', '照片 1.jpg', 'image/jpeg', bytes.length]);
  assert.equal(hash, sha256(bytes));
  assert.equal(received.headers['x-mine'], 'a');
  assert.equal(received.headers['x-request-id'], task.trace);
  assert.equal(received.headers.referer, undefined);
  assert.equal(Number(received.headers['content-length']) > bytes.length, true);
});

test('any status is a success, and its data is text', async (t) => {
  const receiver = await receive(t, { status: 503, answer: 'später' });
  const { success, fail, names } = calls();
  const result = await uploadFile({ url: receiver.url, filePath: file(t, 'x'), name: 'f', success, fail });
  assert.deepEqual([result.statusCode, result.data], [503, 'später']);
  assert.deepEqual(names(), ['success']);
});

test('a failure has an errno, and rejects with an error of the same properties', async (t) => {
  const noted = calls();
  const task = uploadFile({ url: 'http://127.0.0.1/', filePath: '/nowhere/at all', name: 'f', ...noted });
  const error = await task.then(() => assert.fail(), (error) => error);
  const [[, result]] = noted.calls;
  assert.deepEqual(noted.names(), ['fail', 'complete']);
  assert.equal(noted.calls[1][1], result);
  assert.deepEqual({ ...result, trace: '' }, {
    errMsg: 'uploadFile:fail file not found',
    errno: 104,
    errString: 'invalid parameter',
    trace: '',
  });
  assert.ok(error instanceof UploadError && error instanceof Error);
  assert.equal(error.message, result.errMsg);
  assert.deepEqual({ ...error }, result);
});

test('a mistake in the options is a failure, told after the call', async (t) => {
  for (const [options, reason] of [
    [undefined, 'url is missing or empty'],
    [5, 'options must be an object, and is a number'],
    [[], 'options must be an object, and is a list'],
    [() => {}, 'options must be an object, and is a function'],
    [{ url: Symbol('x') }, 'url must be a string, and is a symbol'],
    [{ url: 5n }, 'url must be a string, and is a bigint'],
    [{ get url() { throw new Error('no'); } }, 'url cannot be read: its getter throws'],
    [{ formData: { get a() { throw new Error('no'); } } }, 'formData cannot be read: its getter throws'],
    [{ formData: circle() }, 'formData is nested too deeply, or holds itself'],
    [{ formData: { a: new Array(4e9) } }, 'formData holds too many values'],
    [{ signal: 'now' }, 'signal must be an AbortSignal'],
  ]) {
    const { fail, calls: told } = calls();
    const task = uploadFile(typeof options === 'object' && !Array.isArray(options) ? Object.defineProperties({ fail }, Object.getOwnPropertyDescriptors(options)) : options);
    assert.deepEqual(told, []);
    await assert.rejects(task, { errMsg: `uploadFile:fail invalid parameter: ${reason}`, errno: 104 });
    assert.equal(task.trace.length, 53);
  }
});

test('each option is read once, in order, and no other', async () => {
  const read = [];
  const options = new Proxy({}, { get: (_, name) => void read.push(name) });
  await assert.rejects(uploadFile(options));
  const names = read.splice(0);
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(names.slice(0, 3), ['url', 'filePath', 'name']);
  assert.equal(names.at(-1), 'signal');
});

test('what a success tells is a setting', async (t) => {
  const receiver = await receive(t);
  const engine = new Engine({ include: { header: true, cookies: true, profile: true } });
  const { header, cookies, profile } = await engine.uploadFile({ url: receiver.url, filePath: file(t, 'x'), name: 'f' });
  assert.equal(header['X-Answer'], 'yes');
  assert.deepEqual(cookies, []);
  assert.equal(profile.peerIP, '127.0.0.1');
  await engine.shutdown();
});

function circle() {
  const circle = {};
  circle.circle = circle;
  return circle;
}
