# SPDX-License-Identifier: MIT
"""The jobs of docs/ci are read as their services read them, and their commands are run, for a store that has a
mistake and for one that has none: the last command ends with 1 or 0, and what it writes for the service is there.

usage: check_ci_files.py DOCS WORK
"""
import os
import re
import subprocess
import sys

import yaml

STORE = """#!/bin/sh
echo new > note.tmp
%s
mv note.tmp note
"""
VERIFY = """#!/bin/sh
[ ! -e note ] || [ "$(cat note)" = new ]
"""


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o755 if text.startswith("#!") else 0o644)


def run(command, **variables):
    environment = {**os.environ, **variables}
    return subprocess.run(["bash", "-e", "-c", command], env=environment, check=False).returncode


def is_ours(command):
    return "crashinject " in command


def of_github(job):
    return [step["run"] for step in job["steps"] if is_ours(step.get("run", ""))]


def github(service):
    jobs = service["jobs"]
    record, = of_github(jobs["record"])
    explore, = of_github(jobs["explore"])
    report, = of_github(jobs["report"])
    assert run(record) == 0
    for shard in jobs["explore"]["strategy"]["matrix"]["shard"]:
        assert run(re.sub(r"\$\{\{ *matrix\.shard *\}\}", str(shard), explore)) == 0, shard
    return run(report), ["crash.sarif", "crash.html"]


def gitlab(service):
    record, explore, report = ([line for line in service[name]["script"] if is_ours(line)]
                               for name in ("record", "explore", "report"))
    parts = service["explore"]["parallel"]
    assert run(record[0]) == 0
    for index in range(1, parts + 1):
        assert run(explore[0], CI_NODE_INDEX=str(index), CI_NODE_TOTAL=str(parts)) == 0, index
    return run(report[0]), ["crash.xml", "crash.html"]


def buildkite(service):
    record, explore, report = ([line.replace("$$", "$") for line in step["commands"] if is_ours(line)]
                               for step in service["steps"])
    parts = service["steps"][1]["parallelism"]
    assert run(record[0]) == 0
    for index in range(parts):
        assert run(explore[0], BUILDKITE_PARALLEL_JOB=str(index), BUILDKITE_PARALLEL_JOB_COUNT=str(parts)) == 0, index
    write("bin/buildkite-agent", "#!/bin/sh\ncat > annotation\n")
    return run(report[0], PATH="bin:" + os.environ["PATH"]), ["crash.md", "crash.html", "annotation"]


def kubernetes(service):
    spec = service["spec"]
    container, = spec["template"]["spec"]["containers"]
    assert container["command"] == ["sh", "-c"]
    explore = container["args"][0].replace("/crash/", os.getcwd() + "/")
    variables = {item["name"]: item["value"] for item in container["env"]}
    assert run("mkdir data; cd data; crashinject record --output ../run.trace -- ../store") == 0
    for index in range(spec["completions"]):
        assert run(explore, JOB_COMPLETION_INDEX=str(index), **variables) == 0, index
    return run("crashinject report part-*"), []


def jenkins(text):
    command = re.search(r"sh '''(.*crashinject.*?)'''", text, re.DOTALL).group(1)
    return run(command), ["crash.xml", "crash.html", "result/result.json"]


SERVICES = {"github.yml": github, "gitlab-ci.yml": gitlab, "buildkite.yml": buildkite, "kubernetes.yml": kubernetes,
            "Jenkinsfile": jenkins}

docs, work = sys.argv[1:]
names = sorted(name for name in os.listdir(docs) if name != "README.md" and not name.endswith(".bzl"))
assert names == sorted(SERVICES), names
for name in names:
    with open(os.path.join(docs, name), encoding="utf-8") as opened:
        content = opened.read()
    for expected, sync in ((1, ":"), (0, "sync note.tmp")):
        place = os.path.join(work, f"{name}.{expected}")
        os.makedirs(place + "/bin")
        os.chdir(place)
        write("store", STORE % sync)
        write("verify.sh", VERIFY)
        status, files = SERVICES[name](yaml.safe_load(content) if name.endswith(".yml") else content)
        assert status == expected, f"{name}: {status}, not {expected}"
        for path in files:
            assert os.stat(path).st_size > 0, f"{name}: {path}"
    print(f"{name}: good")
# Starlark's syntax is a part of Python's; there is no Bazel to run it with
with open(os.path.join(docs, "crash_test.bzl"), encoding="utf-8") as opened:
    compile(opened.read(), "crash_test.bzl", "exec")
print("crash_test.bzl: parses")
