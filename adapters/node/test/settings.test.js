// An engine, its settings, and its end.
'use strict';

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { test } = require('node:test');

const { Engine, uploadFile } = require('..');

const { calls, file, folder, gate, receive } = require('./receiver.js');

test('a setting that is wrong, or unknown, is a TypeError that says where', () => {
  for (const [settings, message] of [
    [5, 'settings must be an object'],
    [{ activMax: 3 }, 'settings has no "activMax"'],
    [{ activeMax: 2.5 }, 'settings.activeMax must be a whole number, 0 or more'],
    [{ activeMax: '3' }, 'settings.activeMax must be a whole number, 0 or more'],
    [{ timeouts: { stall: -1 } }, 'settings.timeouts.stall must be a finite number of milliseconds, 0 or more'],
    [{ timeouts: { stal: 1 } }, 'settings.timeouts has no "stal"'],
    [{ redirects: 'some' }, 'settings.redirects must be "off", "same-origin" or "any"'],
    [{ httpsOnly: 1 }, 'settings.httpsOnly must be true or false'],
    [{ userAgent: null }, 'settings.userAgent must be a string'],
    [{ allowHosts: ['good.test', 'bad.test/path'] }, /^settings.allowHosts domain "bad.test\/path"/],
    [{ proxy: 'ftp://user:secret@host' }, /^settings.proxy the scheme of a proxy/],
    [{ tls: { ca: 'nothing' } }, /^settings.tls root certificate/],
    [{ tls: { cert: 'alone' } }, 'settings.tls must have both cert and key, or neither'],
    [{ tls: { pins: ['short'] } }, /^settings.tls /],
    [{ tls: { minVersion: 'TLSv1.1' } }, 'settings.tls.minVersion must be "TLSv1.2" or "TLSv1.3"'],
    [{ get userAgent() { throw new Error('no'); } }, 'settings cannot be read: its getter throws'],
  ]) {
    assert.throws(() => new Engine(settings), { name: 'TypeError', message });
  }
});

test('settings that are undefined are not there', async () => {
  await new Engine({ activeMax: undefined, tls: { ca: undefined }, include: undefined }).shutdown();
});

test('the host list, https alone and the root of files hold', async (t) => {
  const receiver = await receive(t);
  const root = folder(t);
  fs.writeFileSync(path.join(root, 'a.txt'), 'x');
  const upload = (settings, options) =>
    new Engine(settings).uploadFile({ url: receiver.url, filePath: 'a.txt', name: 'f', ...options });
  assert.equal((await upload({ root })).statusCode, 200);
  assert.equal((await upload({ root, allowHosts: ['elsewhere.test', '127.0.0.1:*'] })).statusCode, 200);
  const refused = { errno: 105, errMsg: 'uploadFile:fail url not in domain list' };
  await assert.rejects(upload({ root, allowHosts: 'elsewhere.test' }), refused);
  await assert.rejects(upload({ root, httpsOnly: true }), refused);
  await assert.rejects(upload({ root }, { filePath: '../a.txt' }), { errno: 106 });
});

test('a rate, a limit and a timeout hold', async (t) => {
  const held = gate();
  const receiver = await receive(t, { before: (request) => request.headers['x-wait'] && held.opened });
  const upload = (settings, options) =>
    new Engine(settings).uploadFile({ url: receiver.url, filePath: file(t, 'x'), name: 'f', ...options });
  assert.equal((await upload({ rateMax: 1_000_000, userAgent: 'mine' })).statusCode, 200);
  assert.equal(receiver.received[0].headers['user-agent'], 'mine');
  await assert.rejects(upload({ fileBytesMax: 0 }), { errno: 104 });
  await assert.rejects(upload({ responseBytesMax: 1 }), { errno: 305 });
  const waits = { header: { 'X-Wait': '1' } };
  await assert.rejects(upload({ timeouts: { stall: 1 } }, waits), { errno: 302 });
  await assert.rejects(upload({}, { timeout: 1, ...waits }), { errno: 302 });
  held.open();
});

test('a proxy carries the uploads that do not go past it', async (t) => {
  const receiver = await receive(t);
  const seen = [];
  const proxy = net.createServer((socket) => socket.once('data', (data) => {
    seen.push(String(data).split('\r\n')[0]);
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi!');
  }));
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.after(() => proxy.close());
  const through = (settings, url) => new Engine({ proxy: `http://127.0.0.1:${proxy.address().port}`, ...settings })
    .uploadFile({ url, filePath: file(t, 'x'), name: 'f' });
  assert.equal((await through({}, 'http://far.test/up')).data, 'hi!');
  assert.equal((await through({ noProxy: '127.0.0.1' }, receiver.url)).statusCode, 200);
  assert.deepEqual(seen, ['POST http://far.test/up HTTP/1.1']);
});

test('TLS is as the settings say', async (t) => {
  const at = folder(t);
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(at, name));
  try {
    const make = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE -keyout ${key} -out ${cert}`;
    execFileSync('openssl', make.split(' '), { stdio: 'pipe' });
  } catch (error) {
    if (error.code !== 'ENOENT' || process.env.QUINTET_REQUIRE_TOOLS) throw error;
    t.skip('there is no openssl to make a certificate with');
    return;
  }
  const tls = { key: fs.readFileSync(key), cert: fs.readFileSync(cert) };
  const receiver = await receive(t, { tls });
  const upload = (tls) => new Engine({ tls }).uploadFile({ url: receiver.url, filePath: file(t, 'x'), name: 'f' });
  // Mozilla's roots know nothing of it.
  await assert.rejects(upload(undefined), { errno: 305 });
  for (const ca of [tls.cert, String(tls.cert), [tls.cert]]) {
    assert.equal((await upload({ ca, minVersion: 'TLSv1.3' })).statusCode, 200);
  }
  assert.equal((await upload({ ca: tls.cert, ...tls })).statusCode, 200);
  const pins = [`sha256//${Buffer.alloc(32).toString('base64')}`];
  await assert.rejects(upload({ ca: tls.cert, pins }), { errno: 305 });
});

test('a shutdown ends what runs and what waits, and is done when that is told', async (t) => {
  const held = gate();
  const receiver = await receive(t, { before: () => held.opened });
  const engine = new Engine({ activeMax: 1 });
  const noted = calls();
  const begun = new Promise((resolve) => receiver.server.once('request', resolve));
  const upload = () => engine.uploadFile({ url: receiver.url, filePath: file(t, 'x'), name: 'f', ...noted });
  upload();
  upload();
  await begun;
  await engine.shutdown();
  assert.deepEqual(noted.names(), ['fail', 'complete', 'fail', 'complete']);
  assert.equal(noted.calls[0][1].errno, 301);
  await assert.rejects(upload(), { errno: 301 });
  await engine.shutdown();
  engine[Symbol.dispose]();
  await engine[Symbol.asyncDispose]();
  held.open();
});

test('engines do not share their slots', async (t) => {
  const held = gate();
  const receiver = await receive(t, { before: () => held.opened });
  const options = { url: receiver.url, filePath: file(t, 'x'), name: 'f' };
  const engine = new Engine({ activeMax: 1 });
  const tasks = [engine.uploadFile(options), uploadFile(options)];
  while (receiver.begun < 2) await new Promise((resolve) => receiver.server.once('request', resolve));
  held.open();
  await Promise.all(tasks);
});
