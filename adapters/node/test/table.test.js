// The table of options that every door is held to: adapters/options/tests/cases.json, explained in its README.
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { Engine } = require('..');

const { folder, receive } = require('./receiver.js');

const CASES = path.join(__dirname, '../../options/tests/cases.json');

test('every case is as the table says', async (t) => {
  const root = folder(t);
  fs.writeFileSync(path.join(root, 'photo.jpg'), 'hello');
  fs.mkdirSync(path.join(root, 'folder'));
  const receiver = await receive(t);
  const engine = new Engine({ root, allowHosts: '127.0.0.1:*' });
  const cases = JSON.parse(fs.readFileSync(CASES, 'utf8'));
  assert.ok(cases.length > 150);
  for (const { rule, options, sends, keys, fails } of cases) {
    const task = engine.uploadFile(given(options, receiver.url));
    const result = await task.catch((error) => ({ ...error }));
    assert.equal(result.trace, task.trace, rule);
    assert.equal(task.trace.length, 53, rule);
    const received = receiver.received.pop();
    if (fails === undefined) {
      assert.equal(result.errMsg, 'uploadFile:ok', rule);
      assert.equal(result.statusCode, 200, rule);
      sentAsTold({ ...received, ignored: task.ignoredHeaders }, sends, rule);
      if (keys) assert.deepEqual(Object.keys(result), keys, rule);
    } else {
      assert.equal(received, undefined, rule);
      assert.deepEqual(Object.keys(result), ['errMsg', 'errno', 'errString', 'trace'], rule);
      failsAsTold(result, fails, rule);
    }
  }
  await engine.shutdown();
});

// A case's options with what JSON cannot say.
function given(json, url) {
  if (json === '$url') return url;
  if (Array.isArray(json)) return json.map((value) => given(value, url));
  if (typeof json !== 'object' || json === null) return json;
  switch (json.$) {
    case undefined:
      return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, given(value, url)]));
    case 'undefined':
      return undefined;
    case 'function':
      return () => {};
    default:
      return Number(json.$);
  }
}

function sentAsTold({ method, fields, files, headers, ignored }, wanted, rule) {
  const sized = files.map(({ fieldname: name, originalname, mimetype: contentType, size }) => {
    // multer undoes the escaping of a quote.
    const fileName = originalname?.replaceAll('"', '%22') ?? null;
    return { name, fileName, contentType, size };
  });
  const [{ size: _, ...file }] = sized;
  const sent = { method, fields, ignored, file, files: sized };
  for (const [what, value] of Object.entries(wanted)) {
    if (what === 'headers') {
      for (const [name, text] of Object.entries(value)) assert.equal(headers[name] ?? null, text, `${rule}: ${name}`);
    } else {
      assert.deepEqual(sent[what], value, rule);
    }
  }
}

function failsAsTold(result, wanted, rule) {
  for (const [what, value] of Object.entries(wanted)) {
    if (what === 'errMsg') assert.equal(result.errMsg, `uploadFile:fail ${value}`, rule);
    else if (what === 'never') assert.ok(!JSON.stringify(result).includes(value), rule);
    else assert.equal(result[what], value, rule);
  }
}
