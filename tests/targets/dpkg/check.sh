#!/bin/sh
# SPDX-License-Identifier: MIT
# Where a version is said to be installed its files are there, whole. Where dpkg was in the middle of it, installing it
# again works. What was acknowledged is installed.
PATH=$PATH:/usr/sbin:/sbin
status() {
	dpkg-query --admindir=root/var/lib/dpkg --show --showformat='${Version} ${db:Status-Status}' small 2>&1
}
are_files() {
	for file in a b; do
		seq -f "$file of version $1, line %g" 1 60 | cmp -s - root/usr/small.$file || {
			echo "version $1 is installed, and small.$file is not its file: $(wc -c <root/usr/small.$file) bytes"
			exit 1
		}
	done
	[ "$(cat root/etc/small.conf)" = "version = $1" ] && return
	echo "version $1 is installed, and small.conf is not its file"
	exit 1
}
said=$(status)
case $said in
	'2 installed')
		are_files 2
		exit 0
		;;
	'1 installed') are_files 1 ;;
	'1 '* | '2 '*) ;;
	*)
		echo "cannot be read: $said"
		exit 1
		;;
esac
if grep -qx 'ack 2' "$CRASH_ACKED"; then
	echo "version 2 was installed, and now it is: $said"
	exit 2
fi
dpkg --root="$PWD/root" --force-not-root --force-confnew --log=/dev/null --install small-2.deb </dev/null >said 2>&1 && exit 0
echo "is '$said', and cannot be installed again: $(tail -n 3 said)"
exit 1
