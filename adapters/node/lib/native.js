// Finds the addon: one file for each platform, beside the package's own.
'use strict';

const path = require('node:path');

const name = `quintet.${process.platform}-${process.arch}.node`;
try {
  module.exports = require(path.join(__dirname, '..', name));
} catch (error) {
  const hint = error.code === 'MODULE_NOT_FOUND'
    ? 'this package was built for other platforms: build it here, as its README tells'
    : 'this system cannot load it';
  throw new Error(`@quintet/upload: ${name}: ${hint}`, { cause: error });
}
