#!/bin/sh
# SPDX-License-Identifier: MIT
# The database passes its own check; both keys of a transaction are there or none; and no transaction is lost that was
# acknowledged. tdbtool's exit status says nothing.
acked=$(sed -n 's/^ack //p' "$CRASH_ACKED" | tail -n 1)
[ -z "$acked" ] && [ ! -s t.tdb ] && exit 0
said=$(printf 'open t.tdb\ncheck\nkeys\n' | tdbtool 2>&1)
case $said in
	*'integrity is OK'*) ;;
	*)
		echo "check: $(echo "$said" | grep -v '^ ' | tail -n 3)"
		exit 1
		;;
esac
have=0
for n in 1 2 3; do
	keys=$(echo "$said" | grep -c "key 2 bytes: [ab]$n")
	[ "$keys" = 1 ] && echo "half of transaction $n" && exit 1
	[ "$keys" = 2 ] && have=$n
done
[ "$have" -ge "${acked:-0}" ] && exit 0
echo "transaction $acked was acknowledged, and the last one there is $have"
exit 2
