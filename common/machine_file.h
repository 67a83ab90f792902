/* SPDX-License-Identifier: MIT */
/*
 * machine_file.h - where the files of the machine are that is built for.
 *
 * A machine is a name, configure's for its processor, and folders of that name: common/machine/NAME,
 * preload/machine/NAME, supervisor/machine/NAME. CRASH__MACHINE is the name, and
 * CRASH__MACHINE_FILE(preload, stub.S) the machine's counterpart of preload/stub.S. So a machine is added
 * by its files alone: docs/HOWTO-ADD-MACHINE.md. Assembly includes this, too.
 */
#ifndef CRASH_MACHINE_FILE_H
#define CRASH_MACHINE_FILE_H

#ifndef CRASH__MACHINE
#error "compile with -DCRASH__MACHINE=NAME, as the Makefile does"
#endif

/* clang-format off */
#define CRASH__MACHINE_FILE(component, file) CRASH__MACHINE_PATH(component, CRASH__MACHINE, file)
#define CRASH__MACHINE_PATH(component, name, file) CRASH__MACHINE_TEXT(component/machine/name/file)
#define CRASH__MACHINE_TEXT(path) #path
/* clang-format on */

#endif
