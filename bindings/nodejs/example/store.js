// SPDX-License-Identifier: MIT
'use strict';
// A value in a file that is replaced as a whole. With STORE_BUG=1 it is not synced before.
//
//   store.js save VALUE...   in $CRASH_DIR
//   store.js check           in a crash state: the last value that was acknowledged has to be there

const fs = require('fs');
const path = require('path');
const crashinject = require('..');

function sync(name) {
  const fd = fs.openSync(name, 'r');
  fs.fsyncSync(fd);
  fs.closeSync(fd);
}

function save(value) {
  fs.writeFileSync('value.new', value);
  crashinject.point('store.written');
  if (!process.env.STORE_BUG) sync('value.new');
  fs.renameSync('value.new', 'value');
  crashinject.point('store.renamed');
  sync('.');
  crashinject.ack(value);
}

function check() {
  const acked = fs.readFileSync(path.join(process.env.CRASH_ACKED_DIR, 'points'), 'utf8').split('\n').slice(0, -1).pop();
  if (!acked) return;
  const there = fs.readFileSync('value', 'latin1');
  if (!(there >= acked)) throw new Error(`acknowledged ${acked}, there is ${JSON.stringify(there)}`);
}

if (process.argv[2] === 'check') {
  check();
} else {
  process.chdir(process.env.CRASH_DIR);
  process.argv.slice(3).forEach(save);
}
