#!/bin/sh
# SPDX-License-Identifier: MIT
# The jobs for CI services in docs/ci do what they say (check_ci_files.py).
set -u

source=$(cd "${srcdir:-.}" && pwd)
if ! python3 -c 'import yaml' 2>/dev/null; then
	echo "SKIP: ci: no python3 with yaml to read the jobs with"
	exit 77
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/ci-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
# what a service has set here is not theirs
unset CI_NODE_INDEX CI_NODE_TOTAL BUILDKITE_PARALLEL_JOB CIRCLE_NODE_INDEX GITHUB_WORKSPACE GITHUB_STEP_SUMMARY
mkdir "$work/command"
ln -s "$CRASHINJECT" "$work/command/crashinject"
PATH=$work/command:$PATH python3 "$source/tests/check_ci_files.py" "$source/docs/ci" "$work" || exit 1
