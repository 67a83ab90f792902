#!/bin/sh
# SPDX-License-Identifier: MIT
# Two versions of a small package, the first one installed below root/.
PATH=$PATH:/usr/sbin:/sbin
for version in 1 2; do
	mkdir -p package/DEBIAN package/etc package/usr
	cat >package/DEBIAN/control <<END
Package: small
Version: $version
Architecture: all
Maintainer: nobody <nobody@example.org>
Description: a small package
END
	echo /etc/small.conf >package/DEBIAN/conffiles
	echo "version = $version" >package/etc/small.conf
	for file in a b; do
		seq -f "$file of version $version, line %g" 1 60 >package/usr/small.$file
	done
	dpkg-deb --build package small-$version.deb || exit
	rm -r package
done
mkdir -p root/var/lib/dpkg/info root/var/lib/dpkg/updates
touch root/var/lib/dpkg/status root/var/lib/dpkg/available
dpkg --root="$PWD/root" --force-not-root --log=/dev/null --install small-1.deb
