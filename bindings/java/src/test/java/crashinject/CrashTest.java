// SPDX-License-Identifier: MIT
package crashinject;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Without a framework, so that it needs none: CrashTest STORE-COMMAND. */
public final class CrashTest {
    private static void expect(boolean good, String about) {
        if (!good) {
            throw new AssertionError(about);
        }
    }

    private static int shell(Path directory, String command) throws Exception {
        ProcessBuilder builder = new ProcessBuilder("/bin/sh", "-c", command).inheritIO();
        builder.environment().put("CRASH_DIR", directory.toString());
        return builder.start().waitFor();
    }

    private static void explore(String before, String store) throws IOException {
        Path directory = Files.createTempDirectory("crashinject");
        /* to start a Java machine for each state takes its time */
        Crash.explore(before + "exec " + store + " save 1 2",
                "acked=$(tail -n 1 \"$CRASH_ACKED_DIR/points\"); [ -z \"$acked\" ] || [ \"$(cat value)\" -ge \"$acked\" ]",
                directory, "--model=posix");
    }

    public static void main(String[] words) throws Exception {
        String store = words[0];
        Path directory = Files.createTempDirectory("crashinject");

        Crash.point("a");
        Crash.ack("b");
        expect(shell(directory, store + " save 1") == 0, "alone");
        expect(Files.readString(directory.resolve("value")).equals("1"), "alone");
        expect(shell(directory, "${CRASHINJECT:-crashinject} run -q --dir " + directory + " --at store.written#2 -- "
                + store + " save 2 3") == 0, "killed");
        expect(Files.readString(directory.resolve("value")).equals("2"), "held at the point");
        explore("", store);
        try {
            explore("STORE_BUG=1; export STORE_BUG; ", store);
        } catch (AssertionError found) {
            expect(found.getMessage().contains("fsync of value.new"), found.getMessage());
            expect(found.getMessage().contains("replay"), found.getMessage());
            return;
        }
        expect(false, "the planted bug is not found");
    }
}
