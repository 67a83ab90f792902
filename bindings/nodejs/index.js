// SPDX-License-Identifier: MIT
'use strict';
// Crash points and acknowledgements, and exploring crash states as an assertion.
// Without crashinject around the program point(), ack() and note() do nothing.

const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { Lost, State, command, functions } = require('./call.js');

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
  constructor(text, findings) {
    super(text);
    this.name = 'CrashFound';
    this.findings = findings;
  }
}

function words({ workload, check, models = [], options = [] }, directory, result) {
  const all = ['explore', '--json', '--dir', directory];
  if (result) all.push('--output', result);
  if (typeof check === 'function') all.push('--check-server', command('check', check));
  else all.push('--check', check);
  if (models.length) all.push(`--model=${models.join(',')}`);
  all.push(...options, '--');
  if (typeof workload === 'function') all.push('sh', '-c', command('workload', workload));
  else all.push(...(Array.isArray(workload) ? workload : ['sh', '-c', workload]));
  return all;
}

function run(what, directory, result) {
  const done = spawnSync(process.env.CRASHINJECT || 'crashinject', words(what, directory, result), {
    encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 30,
  });
  if (done.error) throw done.error;
  return done;
}

// Whether the result is where the caller said, or nowhere.
const keepsItself = ({ options = [] }) => options.some((option) => /^(-o|--(output|resume|finding)(=|$))/.test(option));

/** The summary and no text if all is good; else what there is to say. */
function judge(done, result) {
  const objects = done.stdout.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  const findings = objects.filter((each) => each.finding && !each.finding.accepted).map((each) => each.finding);
  const summary = (objects.find((each) => each.summary) || {}).summary;
  const reasons = summary ? summary.incomplete_reasons : [];
  if (done.status === 0 && summary && summary.complete && !findings.length) return { summary, findings };
  if (!summary || !((done.status === 1 && findings.length) || (done.status === 3 && reasons.length))) {
    const more = summary && summary.final_output ? `: ${summary.final_output}` : '';
    throw new Error(`crashinject explore: exit status ${done.status}: ${done.stderr || done.stdout}${more}`);
  }
  const lines = [`${findings.length} found`, ...findings.map(describe), ...reasons.map((reason) => `incomplete: ${reason}`)];
  if (result) lines.push(`the result is in ${result}`);
  return { summary, findings, text: lines.join('\n') };
}

const newDirectory = (kind) => fs.mkdtempSync(path.join(os.tmpdir(), `crashinject-${kind}`));
const remove = (directory) => fs.rmSync(directory, { recursive: true, force: true });

/**
 * Runs the workload once and checks every state that a crash can leave.
 * @param {object} what workload and check: commands for the shell, the workload also an array, or functions that
 *   functions() knows. A command finds the data directory in $CRASH_DIR; for the check it is the working directory.
 *   models: names; dir: the data directory, else a new one; options: others of crashinject-explore(1).
 * @return the summary; throws if something was found, or may have been missed
 */
function explore(what) {
  const directory = what.dir || newDirectory('data-');
  const result = keepsItself(what) ? undefined : newDirectory('');
  let judged = {};
  try {
    judged = judge(run(what, directory, result), result);
  } finally {
    if (!what.dir) remove(directory);
    if (result && !judged.text) remove(result);
  }
  if (judged.findings.length) throw new CrashFound(judged.text, judged.findings);
  if (judged.text) throw new Error(judged.text);
  const { checked, seconds } = judged.summary;
  console.log(`crash-safe: ${checked} states checked, none failed, ${seconds.toFixed(1)} s`);
  return judged.summary;
}

module.exports = { point, ack, note, explore, functions, State, Lost, CrashFound };
