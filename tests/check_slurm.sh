#!/bin/bash
# SPDX-License-Identifier: MIT
# An array of a real Slurm explores what was recorded once; merged it says what one exploration says, and the shards took
# about as much work. munged, slurmctld and slurmd of this machine run for the test alone, without systemd.
set -u

skip()
{
	echo "SKIP: slurm: $*"
	exit 77
}

fail()
{
	echo "FAIL: $*"
	tail -n 20 "$work"/*.log "$work"/out-* 2>/dev/null
	exit 1
}

shards=4
PATH=$PATH:/usr/sbin:/sbin
[ "$(id -u)" = 0 ] || skip "only root can start slurmd"
for tool in munged slurmctld slurmd sbatch squeue python3; do
	command -v $tool >/dev/null || skip "$tool is not installed"
done
getent passwd munge >/dev/null || skip "there is no user munge"
[ "${CRASHINJECT:-}" ] || CRASHINJECT=$(command -v crashinject) || skip "there is no crashinject"
CRASHINJECT=$(realpath "$CRASHINJECT")

work=$(mktemp -d "${TMPDIR:-/tmp}/slurm-XXXXXX")
started=()
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

# Only what was started here, by its number; what slurmd has started ends with it.
clean_up()
{
	local pid
	for pid in "${started[@]}"; do
		kill "$pid" 2>/dev/null
	done
	for pid in "${started[@]}"; do
		wait "$pid" 2>/dev/null
	done
	rm -rf "$work"
}

# start NAME COMMAND...: in the foreground of a job of ours
start()
{
	local name=$1
	shift
	"$@" >"$work/$name.log" 2>&1 </dev/null &
	started+=($!)
}

# until_works WHAT COMMAND...
until_works()
{
	local what=$1
	shift
	for _ in $(seq 300); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.2
	done
	fail "$what did not come up"
}

# ---------------------------------------------------------------- a Slurm

free_port()
{
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

chmod 755 "$work"
mkdir -m 755 "$work/munge" "$work/state" "$work/spool"
head -c 1024 /dev/urandom >"$work/munge/key"
chmod 400 "$work/munge/key"
chown -R munge: "$work/munge"
start munged setpriv --reuid munge --regid munge --clear-groups munged --foreground --force \
	--socket="$work/munge/socket" --key-file="$work/munge/key" --log-file="$work/munge/log" \
	--pid-file="$work/munge/pid" --seed-file="$work/munge/seed"
until_works munged munge --socket="$work/munge/socket" -n

host=$(hostname -s)
cat >"$work/slurm.conf" <<END
ClusterName=crash
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
CredType=cred/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
KillWait=5
NodeName=$host NodeAddr=127.0.0.1 CPUs=1 State=UNKNOWN
PartitionName=test Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF=$work/slurm.conf
start slurmctld slurmctld -D -f "$SLURM_CONF"
start slurmd slurmd -D -f "$SLURM_CONF" -N "$host"
until_works Slurm sh -c 'sinfo -h -o %T | grep -q -e idle -e mixed'

# ---------------------------------------------------------------- what is explored

mkdir "$work/data"
cd "$work/data" || fail "no data directory"
printf 'old\n' >note
cat >../store <<'END'
#!/bin/sh
for i in 1 2 3 4 5 6 7 8; do
	echo "new $i" >note.tmp
	echo "log $i" >>log
	mv note.tmp note
done
END
cat >../verify <<'END'
#!/bin/sh
sleep 0.02
[ -s note ]
END
chmod +x ../store ../verify
"$CRASHINJECT" record -q -o ../run.trace -- ../store || fail "it could not be recorded"
explore=(explore -q --model "posix,ext4" --check ../verify --jobs 1)
"$CRASHINJECT" "${explore[@]}" --output ../whole ../run.trace >../whole.log 2>&1
[ $? = 1 ] || fail "the whole has no finding"

cat >../array.sh <<END
#!/bin/sh
cd "$work/data" && exec "$CRASHINJECT" ${explore[@]} --shard env --output "$work/part-\$SLURM_ARRAY_TASK_ID" ../run.trace
END
# of Slurm's numbers the first is 3 and the step is 2: a shard is not its index
sbatch -Q --wait --array=3-9:2 --output="$work/out-%a" ../array.sh
for index in 3 5 7 9; do
	[ -f "../part-$index/result.json" ] || fail "task $index left no result"
done
"$CRASHINJECT" report --json ../part-3 ../part-5 ../part-7 ../part-9 >../merged.json
[ $? = 1 ] || fail "the merged result has no finding"
"$CRASHINJECT" report --json ../whole >../whole.json

python3 - "$shards" <<'END' || fail "merged and whole are not the same"
import json, sys

def lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]

def essence(objects):
    findings = sorted((o["finding"] for o in objects if "finding" in o), key=lambda f: f["id"])
    summary = objects[-1]["summary"]
    for finding in findings:
        finding.pop("replay", None)
    return findings, {key: summary[key] for key in ("points", "states", "distinct", "failed", "findings", "complete")}

merged, whole = essence(lines("../merged.json")), essence(lines("../whole.json"))
assert merged == whole, (merged, whole)
assert whole[0], "no finding"

checked = []
for index in (3, 5, 7, 9):
    with open(f"../part-{index}/result.json", encoding="utf-8") as file:
        summary = json.load(file)["summary"]
    checked.append((summary["checked"], summary["seconds"]))
print("checks and seconds of each shard:", checked)
mean = sum(count for count, _ in checked) / len(checked)
assert max(count for count, _ in checked) <= 1.5 * mean, checked
END
echo "an array of $shards tasks says what one exploration says"
