// SPDX-License-Identifier: MIT
'use strict';
// Functions of the caller as commands: another process loads the file that they are in, and where that comes to
// functions(), the one that is meant is called, and nothing of what follows in the file is done.

const fs = require('fs');
const path = require('path');
const readline = require('readline');

const VARIABLE = 'CRASHINJECT_CALL';
const PLACE = Symbol('where the function is');
const FAILED = 70; // what a process ends with that could not judge

/** Thrown by a check: the state is consistent, but something that was acknowledged is gone. */
class Lost extends Error {}

/** One crash state: dir, which is the working directory, too; acked, ackedDir, point, state. */
class State {
  constructor(question) {
    this.dir = question.dir;
    this.acked = question.acked;
    this.ackedDir = question.acked_dir;
    this.point = question.point;
    this.state = question.state;
  }

  /** What was given to ack() before the crash: an array of lines. */
  get acks() {
    const file = path.join(this.ackedDir, 'points');
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').slice(0, -1) : []; // none: nothing ever was
  }
}

const quoted = (text) => `'${text.replace(/'/g, "'\\''")}'`;

/** The command that calls it, for the shell. */
function command(kind, called) {
  if (!called[PLACE]) throw new TypeError(`the ${kind} is to be called in another process: give it to functions() before`);
  const what = JSON.stringify({ kind, ...called[PLACE] });
  const { file } = called[PLACE];
  return `exec env -u NODE_TEST_CONTEXT ${quoted(`${VARIABLE}=${what}`)} ${quoted(process.execPath)} ${quoted(file)}`;
}

async function judge(check, state) {
  process.chdir(state.dir);
  try {
    await check(state);
    return { verdict: 'ok' };
  } catch (error) {
    return { verdict: error instanceof Lost ? 'lost' : 'inconsistent', text: String((error && error.message) || error) };
  } finally {
    process.chdir('/');
  }
}

async function serve(check) {
  process.stdout.write = process.stderr.write.bind(process.stderr); // what the check prints is no answer
  for await (const line of readline.createInterface({ input: process.stdin })) {
    fs.writeSync(1, `${JSON.stringify(await judge(check, new State(JSON.parse(line))))}\n`);
  }
}

class Called extends Error {}

/** Does not return: it throws what ends the file, and the process ends when the function has. */
function call(kind, called) {
  process.on('uncaughtException', (error) => {
    if (error instanceof Called) return;
    console.error(error);
    process.exit(FAILED);
  });
  const done = kind === 'check' ? serve(called) : (async () => called(process.env.CRASH_DIR))();
  done.then(() => process.exit(0), (error) => {
    console.error(error);
    process.exit(1);
  });
  throw new Called();
}

/**
 * Functions that explore() may be given. To stand at the top of a file, before its tests.
 * @param {string} file __filename, or the path of import.meta.url
 * @param {object} functions by names: workloads get the data directory, checks a State, and may be async. A check accepts
 *   by returning and refuses by throwing, Lost if something that was acknowledged is gone.
 * @return the same object
 */
function functions(file, functions) {
  const what = process.env[VARIABLE] ? JSON.parse(process.env[VARIABLE]) : {};
  for (const [name, each] of Object.entries(functions)) {
    each[PLACE] = { file, name };
    if (what.file === file && what.name === name) {
      delete process.env[VARIABLE];
      call(what.kind, each);
    }
  }
  return functions;
}

module.exports = { Lost, State, command, functions };
