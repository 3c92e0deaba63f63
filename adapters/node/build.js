// Copies the library that cargo tells of on standard input, and the licences, which go with it: `build.js FOLDER`.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const [folder] = process.argv.slice(2);
const told = fs.readFileSync(0, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
const made = told.find(({ reason, target }) => reason === 'compiler-artifact' && target.name === 'quintet_node');
if (!made) process.exit(1);
const name = `quintet.${process.platform}-${process.arch}.node`;
// Beside it first: a process that has the old one loaded keeps it.
fs.copyFileSync(made.filenames[0], path.join(folder, `${name}.new`));
fs.renameSync(path.join(folder, `${name}.new`), path.join(folder, name));
for (const licence of ['LICENSE-APACHE', 'LICENSE-MIT']) {
  fs.copyFileSync(path.join(folder, '../..', licence), path.join(folder, licence));
}
console.log(`${name}: ${fs.statSync(path.join(folder, name)).size} bytes`);
