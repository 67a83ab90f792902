# SPDX-License-Identifier: MIT
"""What others read is as their schemas have it: SARIF of explorations, lints and fault sweeps with findings and without,
and the jobs for GitHub, GitLab and Kubernetes in docs/ci. The schemas and validators are npm packages, which are
installed below WORK; nothing of them is a part of the project.

usage: check_schemas.py CRASHINJECT WORK
"""
import json
import os
import shutil
import subprocess
import sys

PACKAGES = ["@microsoft/jest-sarif@1.0.0-beta.0",  # has OASIS's schema of SARIF 2.1.0
            "@action-validator/core@0.6.0",        # GitHub's workflows
            "gitlab-ci-local@4.56.2",              # has GitLab's schema of .gitlab-ci.yml
            "kubernetes-models@5.1.0"]
SARIF = "@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"

# What only JavaScript can read, on one line of JSON.
READ = """
import { readFileSync } from "fs";
import { createRequire } from "module";
import { schema } from "./node_modules/gitlab-ci-local/src/schema/schema.js";
import { Job } from "kubernetes-models/batch/v1";
const given = JSON.parse(readFileSync(0, "utf8"));
const { validateWorkflow } = createRequire(import.meta.url)("@action-validator/core");
const job = text => { try { new Job(text).validate(); return []; } catch (error) { return [error.message]; } };
console.log(JSON.stringify({ gitlab: schema, github: given.github.map(text => validateWorkflow(text).errors),
                             kubernetes: given.kubernetes.map(job) }));
"""

SAFE = "echo new >t; sync t; mv t note; sync ."
LOST = "echo new >t; mv t note"
CHECK = "[ -s note ]"
UNSEEN = "echo a >note || :"  # an error that nobody is told of
EXPLORE = ["explore", "-q", "--model", "posix"]

# Name, exit status, whether there are results in SARIF, command.
LOGS = [
    ("a finding", 1, True, [*EXPLORE, "--check", CHECK, "--", "sh", "-c", LOST]),
    ("a title", 1, True, [*EXPLORE, "--title", "a/b <c> \u00e4", "--check", CHECK, "--", "sh", "-c", LOST]),
    ("no finding", 0, False, [*EXPLORE, "--check", CHECK, "--", "sh", "-c", SAFE]),
    ("a blind checker", None, None, [*EXPLORE, "--check", "true", "--", "sh", "-c", SAFE]),
    ("a broken checker", None, None, [*EXPLORE, "--check", "./none", "--", "sh", "-c", SAFE]),
    ("a budget", None, None, [*EXPLORE, "--budget", "1", "--check", CHECK, "--", "sh", "-c", LOST]),
    ("a shard", None, None, [*EXPLORE, "--shard", "1/2", "--check", CHECK, "--", "sh", "-c", LOST]),
    ("a program that failed", None, None, [*EXPLORE, "--check", CHECK, "--", "sh", "-c", LOST + "; exit 3"]),
    ("lint", 1, True, ["lint", "-q", "--", "sh", "-c", LOST]),
    ("lint without", 0, False, ["lint", "-q", "--", "sh", "-c", SAFE]),
    ("faults", 1, True, ["faults", "-q", "--check", "[ \"$(cat note)\" = a ]", "--", "sh", "-c", UNSEEN]),
    ("faults without", 0, False, ["faults", "-q", "--check", "cat note >/dev/null || :", "--", "sh", "-c", UNSEEN]),
]


def skip(reason):
    print(f"SKIP: schemas: {reason}")
    sys.exit(77)


def install(work):
    for tool in ("npm", "node"):
        if not shutil.which(tool):
            skip(f"there is no {tool}")
    os.makedirs(work, exist_ok=True)
    with open(os.path.join(work, "package.json"), "w", encoding="utf-8") as file:
        file.write('{"private": true, "type": "module"}\n')
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES]
    try:
        done = subprocess.run(command, cwd=work, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
                              check=False)
    except subprocess.TimeoutExpired:
        skip("npm did not come back")
    if done.returncode:
        skip("npm's packages cannot be had: " + (done.stderr.strip().splitlines() or ["it failed"])[-1])


def read_others(work, docs):
    """The validators' errors for the jobs, each read as it is and with a mistake, and GitLab's schema."""
    with open(os.path.join(docs, "github.yml"), encoding="utf-8") as file:
        github = file.read()
    with open(os.path.join(docs, "kubernetes.yml"), encoding="utf-8") as file:
        kubernetes = yaml.safe_load(file)
    wrong = json.loads(json.dumps(kubernetes))
    wrong["spec"]["completions"] = "four"
    given = {"github": [github, github.replace("runs-on:", "runs_on:")], "kubernetes": [kubernetes, wrong]}
    with open(os.path.join(work, "read.js"), "w", encoding="utf-8") as file:
        file.write(READ)
    done = subprocess.run(["node", "read.js"], cwd=work, input=json.dumps(given), capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def check_jobs(work, docs):
    others = read_others(work, docs)
    with open(os.path.join(docs, "gitlab-ci.yml"), encoding="utf-8") as file:
        gitlab = yaml.safe_load(file)
    validator = jsonschema.Draft7Validator(others["gitlab"])
    wrong = {**gitlab, "explore": {**gitlab["explore"], "parallel": {"a": 1}}}
    others["gitlab"] = [[error.message for error in validator.iter_errors(jobs)] for jobs in (gitlab, wrong)]
    for name in ("github", "gitlab", "kubernetes"):
        good, bad = others[name]
        assert not good, f"docs/ci, {name}: {good}"
        assert bad, f"{name}: a mistake is not found"
        print(f"docs/ci, {name}: valid")


def write_log(crashinject, work, name, expected, command):
    """One run in a directory of its own; its log, or None where nothing was explored."""
    place = os.path.join(work, "logs", name.replace(" ", "-"))
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(os.path.join(place, "data"))
    with open(os.path.join(place, "data", "note"), "w", encoding="utf-8") as file:
        file.write("old\n")
    path, at = os.path.join(place, "log.sarif"), command.index("--")
    output = ["--output", os.path.join(place, "result")] if command[0] != "lint" else []
    done = subprocess.run([crashinject, *command[:at], *output, f"--sarif={path}", *command[at:]],
                          cwd=os.path.join(place, "data"), capture_output=True, text=True, check=False)
    assert expected is None or done.returncode == expected, f"{name}: {done.returncode}: {done.stdout}{done.stderr}"
    if not os.path.exists(path):
        assert expected is None, f"{name}: no log"
        return None, place
    with open(path, encoding="utf-8") as file:
        return json.load(file), place


def check_log(validator, name, log, has_results):
    errors = [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in validator.iter_errors(log)]
    assert not errors, f"{name}: {errors}"
    results = sum(len(run.get("results", [])) for run in log["runs"])
    assert has_results is None or (results > 0) == has_results, f"{name}: {results} results"
    print(f"SARIF, {name}: valid, {results} results")


def check_logs(crashinject, work):
    with open(os.path.join(work, "node_modules", SARIF), encoding="utf-8") as file:
        schema = json.load(file)
    validator = jsonschema.Draft4Validator(schema)
    places, log = {}, None
    for name, status, has_results, command in LOGS:
        log, places[name] = write_log(crashinject, work, name, status, command)
        if log is None:
            print(f"SARIF, {name}: no log")
        else:
            check_log(validator, name, log, has_results)
    merged = os.path.join(work, "logs", "merged.sarif")
    done = subprocess.run([crashinject, "report", "-q", f"--sarif={merged}", places["a finding"] + "/result"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1, f"report: {done.returncode}: {done.stderr}"
    with open(merged, encoding="utf-8") as file:
        log = json.load(file)
    check_log(validator, "report", log, True)
    del log["runs"][0]["results"][0]["message"]
    assert list(validator.iter_errors(log)), "SARIF: a mistake is not found"


program, place = os.path.realpath(sys.argv[1]), os.path.realpath(sys.argv[2])
try:
    import jsonschema
    import yaml
except ImportError as missing:
    skip(str(missing))
install(place)
check_jobs(place, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "docs", "ci"))
check_logs(program, place)
