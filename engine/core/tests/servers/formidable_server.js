// formidable on Node's own server, with a file stream that hashes instead of storing.
'use strict';

const { Digest, load, serve } = require('./serving.js');

const { formidable } = load('formidable');

serve(async (request, response) => {
  const answer = (status, body) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ server: 'formidable', ...body }));
  };
  if (request.method !== 'POST' || request.url !== '/upload') {
    answer(404, { error: 'POST /upload' });
    return;
  }
  const form = formidable({
    allowEmptyFiles: true,
    minFileSize: 0,
    maxFileSize: Number.MAX_SAFE_INTEGER,
    maxTotalFileSize: Number.MAX_SAFE_INTEGER,
    maxFieldsSize: 16 * 1024 * 1024,
    fileWriteStreamHandler: (file) => {
      file.digest = new Digest();
      return file.digest;
    },
  });
  const fields = [];
  const files = [];
  form.on('field', (name, value) => fields.push([name, value]));
  form.on('file', (name, file) => files.push({
    name,
    fileName: file.originalFilename,
    contentType: file.mimetype,
    size: file.digest.size,
    sha256: file.digest.hex(),
  }));
  try {
    await form.parse(request);
    answer(200, { fields, files });
  } catch (error) {
    answer(error.httpCode ?? 400, { error: String(error) });
  }
});
