// SPDX-License-Identifier: MIT
package crashinject;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

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

    private static void save(Path directory, String value, boolean sync) throws IOException {
        Path temporary = directory.resolve("value.new");

        Files.writeString(temporary, value);
        try (FileChannel file = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
            if (sync) {
                file.force(true);
            }
        }
        Files.move(temporary, directory.resolve("value"), StandardCopyOption.ATOMIC_MOVE);
        try (FileChannel parent = FileChannel.open(directory, StandardOpenOption.READ)) {
            parent.force(true);
        }
        Crash.ack(value);
    }

    private static void look(Crash.State state) throws Exception {
        if (state.acks().isEmpty()) {
            return;
        }
        String there = Files.readString(state.dir().resolve("value"), StandardCharsets.ISO_8859_1);
        System.out.println("which is no answer");
        expect(there.equals("1") || there.equals("2"), "there is \"" + there + "\"");
        if (there.compareTo(state.acks().get(state.acks().size() - 1)) < 0) {
            throw new Crash.Lost("acknowledged " + state.acks());
        }
    }

    /* Called in other processes; what a lambda captures comes along. */
    private static void functions() throws IOException {
        boolean careful = true;
        boolean careless = false;

        Crash.explore(directory -> save(directory, "2", careful), CrashTest::look, "--model=posix");
        try {
            Crash.explore(directory -> save(directory, "2", careless), CrashTest::look, "--model=posix");
        } catch (AssertionError found) {
            expect(found.getMessage().matches("(?s)\\d+ found\nincons.*\n  repair: fsync of value.*\n  replay: .*"
                    + "\n  the check said: java.lang.AssertionError: there is \".*\nthe result is in .*"), found.getMessage());
            return;
        }
        expect(false, "functions that are careless are not found");
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
        functions();
        explore("", store);
        try {
            explore("STORE_BUG=1; export STORE_BUG; ", store);
        } catch (AssertionError found) {
            expect(found.getMessage().contains("fsync of value.new"), found.getMessage());
            expect(found.getMessage().contains("replay: "), found.getMessage());
            return;
        }
        expect(false, "the planted bug is not found");
    }
}
