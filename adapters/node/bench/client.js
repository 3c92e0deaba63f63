// One client of the bench: `client.js WHICH N PORT FILE` uploads N times, five at a time, as `quintet-steady window` does.
'use strict';

const { openAsBlob } = require('node:fs');

const [which, times, port, filePath] = process.argv.slice(2);
const url = `http://127.0.0.1:${port}/upload`;

async function form(FormData) {
  const form = new FormData();
  form.set('album', 'spring');
  form.set('file', await openAsBlob(filePath), 'file.bin');
  return form;
}

const clients = {
  package() {
    const { uploadFile } = require('..');
    return async () => (await uploadFile({ url, filePath, name: 'file', formData: { album: 'spring' } })).statusCode;
  },
  'package-heard'() {
    const { uploadFile } = require('..');
    return async () => {
      const task = uploadFile({ url, filePath, name: 'file', formData: { album: 'spring' } });
      task.onProgressUpdate(() => {});
      task.onHeadersReceived(() => {});
      return (await task).statusCode;
    };
  },
  fetch() {
    return async () => {
      const response = await fetch(url, { method: 'POST', body: await form(FormData) });
      await response.text();
      return response.status;
    };
  },
  undici() {
    const { FormData, Pool } = require('undici');
    const pool = new Pool(new URL(url).origin, { connections: 5 });
    return async () => {
      const { statusCode, body } = await pool.request({ path: '/upload', method: 'POST', body: await form(FormData) });
      await body.text();
      return statusCode;
    };
  },
};

(async () => {
  const upload = clients[which]();
  let left = Number(times);
  const one = async () => {
    while (left-- > 0) {
      const status = await upload();
      if (status !== 200) throw new Error(`${which}: ${status}`);
    }
  };
  await Promise.all([one(), one(), one(), one(), one()]);
  process.exit(0);
})();
