// SPDX-License-Identifier: MIT
'use strict';
// A value in a file that is replaced as a whole; with STORE_BUG=1 it is not synced before.

const fs = require('fs');
const crashinject = require('crashinject');

exports.save = (directory, value) => {
  const fd = fs.openSync(`${directory}/value.new`, 'w');
  fs.writeSync(fd, value);
  if (!process.env.STORE_BUG) fs.fsyncSync(fd);
  fs.closeSync(fd);
  crashinject.point('store.written');
  fs.renameSync(`${directory}/value.new`, `${directory}/value`);
  const parent = fs.openSync(directory, 'r');
  fs.fsyncSync(parent);
  fs.closeSync(parent);
  crashinject.ack(value);
};
