#!/bin/sh
# For git bisect run: whether a finding of `crashinject explore` is there. What does not build, and what cannot be
# decided, is skipped.
make -s notes || exit 125
mkdir -p data
NOTES=$PWD/notes crashinject explore --finding "$1" --model ext4 --dir data --check "sh $PWD/check_acked.sh" \
	-- ./notes add milk bread
status=$?
test $status -le 1 || exit 125
exit $status
