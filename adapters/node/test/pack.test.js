// The package as `npm pack` makes it, installed in a folder that knows nothing of this one.
'use strict';

const assert = require('node:assert/strict');
const { execFile, execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { file, folder, receive } = require('./receiver.js');

const SCRIPTS = {
  'required.cjs': "const { Engine, uploadFile } = require('@quintet/upload');",
  'imported.mjs': "import { Engine, uploadFile } from '@quintet/upload';",
};
const UPLOAD = `
const [url, filePath] = process.argv.slice(2);
const options = { url, filePath, name: 'f' };
uploadFile(options).then(({ errMsg }) => console.log(errMsg, Engine.name));
`;

test('the tarball installs in a clean folder, and is all that it needs', async (t) => {
  const at = folder(t);
  // Nothing is asked of a registry: the package has no dependency.
  const flags = ['--offline', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = (args, cwd) => execFileSync('npm', [...args, ...flags], { cwd, encoding: 'utf8' });
  const [{ filename, files }] = JSON.parse(npm(['pack', '--json', '--pack-destination', at], path.join(__dirname, '..')));
  const names = files.map(({ path }) => path);
  const code = fs.readdirSync(path.join(__dirname, '../lib')).map((name) => `lib/${name}`);
  const addon = `quintet.${process.platform}-${process.arch}.node`;
  const wanted = [
    'LICENSE-APACHE', 'LICENSE-MIT', 'README.md', 'THIRD-PARTY-NOTICES', 'index.d.mts', 'index.d.ts', 'index.js', 'index.mjs',
    'package.json',
  ];
  assert.deepEqual(names.toSorted(), [...wanted, ...code, addon].sort());
  fs.writeFileSync(path.join(at, 'package.json'), '{}');
  npm(['install', path.join(at, filename)], at);
  const receiver = await receive(t);
  for (const [name, first] of Object.entries(SCRIPTS)) {
    const script = path.join(at, name);
    fs.writeFileSync(script, first + UPLOAD);
    const said = await new Promise((resolve, reject) => {
      execFile(process.execPath, [script, receiver.url, file(t, 'x')], (error, stdout) =>
        error ? reject(error) : resolve(stdout));
    });
    assert.equal(said, 'uploadFile:ok Engine\n');
  }
});

test('the notices hold the licence of every crate that is linked into the addon', () => {
  const told = fs.readFileSync(path.join(__dirname, '../THIRD-PARTY-NOTICES'), 'utf8');
  const tree = execFileSync(
    'cargo', ['tree', '--locked', '-e', 'normal,no-proc-macro', '--prefix', 'none', '--format', '{p}'],
    { cwd: path.join(__dirname, '..'), encoding: 'utf8' });
  // A path is told of our own.
  const lines = tree.split('\n').map((line) => line.replace(' (*)', '')).filter((line) => line && !line.includes('('));
  const crates = new Set(lines.map((line) => line.replace(' v', ' ')));
  assert.ok(crates.size > 50, tree);
  for (const crate of crates) {
    const [, its] = told.split(`\n======== ${crate}: `);
    assert.ok(its, `nothing of ${crate}`);
    assert.match(its.split('\n======== ')[0], /--- |Permission is hereby granted/, crate);
  }
});
