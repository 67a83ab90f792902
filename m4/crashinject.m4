# SPDX-License-Identifier: MIT
# crashinject.m4 - look for crashinject. serial 1
#
# CRASHINJECT_CHECK([MINIMUM-VERSION], [ACTION-IF-FOUND], [ACTION-IF-NOT-FOUND])
# ------------------------------------------------------------------------------
# Looks for the library (with pkg-config) and the command. Sets, and substitutes in Makefiles:
#
#   CRASHINJECT          the crashinject command, with its path
#   CRASHINJECT_CFLAGS   what code with breakpoints and tests compile with
#   CRASHINJECT_LIBS     what tests link with; code with breakpoints links with nothing
#
# and defines HAVE_CRASHINJECT for the preprocessor and as an Automake conditional. All three variables
# may be given to configure. --without-crashinject looks for nothing and finds nothing.
# Without ACTION-IF-NOT-FOUND, crashinject is optional: it being missing is no error.
AC_DEFUN([CRASHINJECT_CHECK],
[AC_REQUIRE([PKG_PROG_PKG_CONFIG])dnl
AC_ARG_VAR([CRASHINJECT], [the crashinject command])dnl
AC_ARG_WITH([crashinject],
  [AS_HELP_STRING([--without-crashinject], [build without crash tests])],
  [], [with_crashinject=check])
crashinject_found=no
AS_IF([test "x$with_crashinject" != xno],
  [PKG_CHECK_MODULES([CRASHINJECT], [crashinject]m4_ifnblank([$1], [[ >= $1]]),
     [crashinject_found=yes], [crashinject_found=no])])
AS_IF([test "x$crashinject_found" = xyes],
  [dnl the command that belongs to the library comes before others in PATH
   crashinject_bindir=`$PKG_CONFIG --variable=bindir crashinject 2>/dev/null`
   AC_PATH_PROG([CRASHINJECT], [crashinject], [no], [${crashinject_bindir:+$crashinject_bindir$PATH_SEPARATOR}$PATH])
   AS_IF([test "x$CRASHINJECT" = xno], [crashinject_found=no])])
AM_CONDITIONAL([HAVE_CRASHINJECT], [test "x$crashinject_found" = xyes])
AS_IF([test "x$crashinject_found" = xyes],
  [AC_DEFINE([HAVE_CRASHINJECT], [1], [Define to 1 if <crashinject/breakpoint.h> is there.])
   $2],
  [m4_default([$3], [:])])[]dnl
])
