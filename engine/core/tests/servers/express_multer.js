// Express with multer (busboy beneath), with a storage that hashes instead of storing.
'use strict';

const { Digest, load, serve } = require('./serving.js');

const express = load('express');
const multer = load('multer');

const storage = {
  _handleFile(_request, file, done) {
    const digest = new Digest();
    file.stream.on('error', done);
    digest.on('error', done).on('finish', () => done(null, { size: digest.size, sha256: digest.hex() }));
    file.stream.pipe(digest);
  },
  _removeFile(_request, _file, done) {
    done(null);
  },
};

// Without this, multer reads names as Latin-1, as busboy does by default.
const parse = multer({ storage, defParamCharset: 'utf8', limits: { fieldSize: 16 * 1024 * 1024 } });

const app = express();
app.post('/upload', parse.any(), (request, response) => {
  // multer keeps fields by name: repeated ones come together, and names of digits alone come first.
  const fields = Object.entries(request.body ?? {}).flatMap(([name, value]) =>
    [value].flat().map((value) => [name, value]));
  const files = (request.files ?? []).map((file) => ({
    name: file.fieldname,
    fileName: file.originalname,
    contentType: file.mimetype,
    size: file.size,
    sha256: file.sha256,
  }));
  response.json({ server: 'multer', fields, files });
});
app.use((error, _request, response, _next) => {
  response.status(400).json({ server: 'multer', error: String(error) });
});
serve(app);
