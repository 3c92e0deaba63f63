// The other side: Express with multer, in the process of the test.
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');

const express = require('express');
const multer = require('multer');

// Hashes what it gets instead of storing it.
const hashing = {
  _handleFile(_request, file, done) {
    const hash = crypto.createHash('sha256');
    let size = 0;
    file.stream.on('error', done);
    file.stream.on('data', (piece) => {
      size += piece.length;
      hash.update(piece);
    });
    file.stream.on('end', () => done(null, { size, sha256: hash.digest('hex') }));
  },
  _removeFile(_request, _file, done) {
    done(null);
  },
};

// A server on this machine, for the length of a test. `before` may hold a request back, and with it the answer. `received`
// has what came whole, `begun` counts what came at all.
exports.receive = async (test, { status = 200, answer, before, tls } = {}) => {
  // Without this, multer reads names as Latin-1, as busboy does by default.
  const parse = multer({ storage: hashing, defParamCharset: 'utf8' });
  const receiver = { received: [], begun: 0, active: 0, activeMost: 0 };
  const app = express();
  app.use((_request, response, next) => {
    receiver.begun++;
    receiver.activeMost = Math.max(receiver.activeMost, ++receiver.active);
    response.on('close', () => receiver.active--);
    Promise.resolve(before?.(_request)).then(() => next(), next);
  });
  // What is no form is one file without a name.
  const raw = express.raw({ type: (request) => !request.headers['content-type'].startsWith('multipart/form-data') });
  app.all('/up', parse.any(), raw, (request, response) => {
    const { method, headers } = request;
    const { body, files } = Buffer.isBuffer(request.body) ? whole(request) : request;
    receiver.received.push({ method, headers, fields: Object.entries(body ?? {}), files });
    response.status(status).set('X-Answer', 'yes').send(answer ?? { files, fields: body });
  });
  // Whoever aborts leaves half a body behind.
  app.use((_error, _request, response, _next) => response.destroy());
  const server = tls ? https.createServer(tls, app) : http.createServer(app);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  receiver.origin = `${tls ? 'https' : 'http'}://127.0.0.1:${server.address().port}`;
  receiver.url = `${receiver.origin}/up`;
  receiver.server = server;
  test.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return receiver;
};

const whole = ({ body, headers }) => ({
  files: [{ fieldname: '', originalname: null, mimetype: headers['content-type'], size: body.length }],
});

// A folder for the length of a test.
exports.folder = (test) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quintet-'));
  test.after(() => fs.rmSync(folder, { recursive: true }));
  return folder;
};

// A file in a folder of its own.
exports.file = (test, content, name = 'photo.jpg') => {
  const at = path.join(exports.folder(test), name);
  fs.writeFileSync(at, content);
  return at;
};

exports.sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');

// A promise, and what settles it.
exports.gate = () => {
  const gate = {};
  gate.opened = new Promise((resolve) => { gate.open = resolve; });
  return gate;
};

// What an upload calls, in order, with what.
exports.calls = () => {
  const calls = [];
  const note = (name) => (argument) => calls.push([name, argument]);
  const names = () => calls.map(([name]) => name);
  return { calls, names, note, success: note('success'), fail: note('fail'), complete: note('complete') };
};
