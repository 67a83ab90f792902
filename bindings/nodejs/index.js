// SPDX-License-Identifier: MIT
'use strict';
// Crash points and acknowledgements, and exploring crash states as an assertion.
// Without crashinject around the program point(), ack() and note() do nothing.

const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const channel = /^[0-9]+$/.test(process.env.CRASH_FD || '') ? Number(process.env.CRASH_FD) : -1;

function say(line) {
  try {
    fs.writeSync(channel, line);
  } catch (error) {
    // the run is over, and this process has outlived it
  }
}

/** A place where a crash is interesting, for instance "wal.mid-frame". */
function point(name) {
  if (channel >= 0) say(`point ${name}\n`);
}

/** What has been promised by now: it has to be there after every crash that comes later. */
function ack(text) {
  if (channel >= 0) say(`ack ${String(text).replace(/\n/g, '\nack ')}\n`);
}

/** What `crashinject list` is to show between the operations. */
function note(key, value) {
  if (channel >= 0) say(`note ${key} ${String(value).replace(/\n/g, ' ')}\n`);
}

function describe(finding) {
  const lines = [`${finding.kind}: ${finding.sentence}`];
  for (const key of ['repair', 'advice', 'replay']) if (finding[key]) lines.push(`  ${key}: ${finding[key]}`);
  if (finding.output) lines.push(`  the check said: ${finding.output.trimEnd()}`);
  return lines.join('\n');
}

/** There are crash states that the check does not accept. */
class CrashFound extends Error {
  constructor(findings) {
    super([`${findings.length} found`, ...findings.map(describe)].join('\n'));
    this.name = 'CrashFound';
    this.findings = findings;
  }
}

function run({ workload, check, models = [], options = [] }, directory) {
  const words = ['explore', '--json', '--dir', directory, '--check', check];
  if (models.length) words.push(`--model=${models.join(',')}`);
  words.push(...options, '--', ...(Array.isArray(workload) ? workload : ['sh', '-c', workload]));
  const done = spawnSync(process.env.CRASHINJECT || 'crashinject', words, {
    encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 30,
  });
  if (done.error) throw done.error;
  return done;
}

/**
 * Runs the workload once and checks every state that a crash can leave.
 * @param {object} what workload and check: commands for the shell, the workload also an array. The workload finds the
 *   data directory in $CRASH_DIR, and for the check it is the working directory. models: names; dir: the data
 *   directory, else a new one; options: others of crashinject-explore(1).
 * @return the summary; throws if something was found, or may have been missed
 */
function explore(what) {
  const directory = what.dir || fs.mkdtempSync(path.join(os.tmpdir(), 'crashinject-'));
  let done;
  try {
    done = run(what, directory);
  } finally {
    if (!what.dir) fs.rmSync(directory, { recursive: true, force: true });
  }
  const objects = done.stdout.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  const findings = objects.filter((each) => each.finding && !each.finding.accepted).map((each) => each.finding);
  const summary = (objects.find((each) => each.summary) || {}).summary;
  if (findings.length) throw new CrashFound(findings);
  if (done.status === 3 && summary) throw new Error(`incomplete: ${summary.incomplete_reasons.join('; ')}`);
  if (done.status !== 0 || !summary)
    throw new Error(`crashinject explore: exit status ${done.status}: ${done.stderr || done.stdout}`);
  console.log(`crash-safe: ${summary.checked} states checked, none failed, ${summary.seconds.toFixed(1)} s`);
  return summary;
}

module.exports = { point, ack, note, explore, CrashFound };
