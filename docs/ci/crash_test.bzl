"""crash_test(name, program, checker): every crash state of a program's run, checked.

    load("//tools:crash_test.bzl", "crash_test")

    crash_test(
        name = "store_crash_test",
        program = ":store",
        checker = "verify.sh",
        models = ["ext4", "xfs"],
        shard_count = 4,
    )

The program runs in an empty directory. Each shard records it anew: that fails where the program does not do the same
things in each run; then give it no shards. `crashinject` has to be in the PATH of the tests.
"""

_SCRIPT = """#!/bin/sh
program="$PWD/{program}"
checker="$PWD/{checker}"
mkdir "$TEST_TMPDIR/data" && cd "$TEST_TMPDIR/data" || exit
exec crashinject explore --model {models} --budget {budget} --title {title} \\
    --output "$TEST_UNDECLARED_OUTPUTS_DIR/result" --junit "${{XML_OUTPUT_FILE:-/dev/null}}" \\
    --check "$checker" -- "$program"
"""

def _crash_test_impl(ctx):
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(
        script,
        _SCRIPT.format(
            program = ctx.executable.program.short_path,
            checker = ctx.executable.checker.short_path,
            models = ",".join(ctx.attr.models),
            budget = ctx.attr.budget,
            title = ctx.label.name,
        ),
        is_executable = True,
    )
    runfiles = ctx.runfiles(files = [ctx.executable.program, ctx.executable.checker])
    for target in (ctx.attr.program, ctx.attr.checker):
        runfiles = runfiles.merge(target[DefaultInfo].default_runfiles)
    return [DefaultInfo(executable = script, runfiles = runfiles)]

crash_test = rule(
    implementation = _crash_test_impl,
    test = True,
    attrs = {
        "program": attr.label(mandatory = True, executable = True, cfg = "target"),
        "checker": attr.label(mandatory = True, executable = True, cfg = "target", allow_files = True),
        "models": attr.string_list(default = ["ext4"]),
        "budget": attr.string(default = "5m"),
    },
)
