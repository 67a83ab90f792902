// SPDX-License-Identifier: MIT
package crashinject;

import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Crash points and acknowledgements, and exploring crash states as an assertion. Without crashinject around the program
 * {@link #point}, {@link #ack} and {@link #note} are one branch.
 */
public final class Crash {
    private static final FileOutputStream CHANNEL = open();

    private Crash() {
    }

    /* Java writes to no descriptor that it has not opened; by either path it is the same file. */
    private static FileOutputStream open() {
        String number = System.getenv("CRASH_FD");
        String path = System.getenv("CRASH_FD_PATH");

        if (number == null) {
            return null;
        }
        try {
            return new FileOutputStream("/proc/self/fd/" + Integer.parseUnsignedInt(number), true);
        } catch (IOException | NumberFormatException closed) {
            try {
                return path == null ? null : new FileOutputStream(path, true);
            } catch (IOException gone) {
                return null;
            }
        }
    }

    /* One write: the process is held in it. An error means that the run is over. */
    private static void say(String line) {
        try {
            CHANNEL.write(line.getBytes(StandardCharsets.UTF_8));
        } catch (IOException over) {
            return;
        }
    }

    /** A place where a crash is interesting, for instance "wal.mid-frame". */
    public static void point(String name) {
        if (CHANNEL != null) {
            say("point " + name + "\n");
        }
    }

    /** What has been promised by now: it has to be there after every crash that comes later. */
    public static void ack(String text) {
        if (CHANNEL != null) {
            say("ack " + text.replace("\n", "\nack ") + "\n");
        }
    }

    /** What {@code crashinject list} is to show between the operations. */
    public static void note(String key, String value) {
        if (CHANNEL != null) {
            say("note " + key + " " + value.replace("\n", " ") + "\n");
        }
    }

    /**
     * Runs the workload once and checks every state that a crash can leave. Both are commands for the shell: the
     * workload finds its data directory in $CRASH_DIR, and for the check a crash state is the working directory.
     *
     * @param options of crashinject-explore(1), as "--model=ext4"
     * @throws AssertionError with findings, repairs and how to replay them, or why something may have been missed
     */
    public static void explore(String workload, String check, Path directory, String... options) throws IOException {
        String name = System.getenv().getOrDefault("CRASHINJECT", "crashinject");
        List<String> command = new ArrayList<>(List.of(name, "explore", "--dir", directory.toString(), "--check", check));

        command.addAll(List.of(options));
        command.addAll(List.of("--", "/bin/sh", "-c", workload));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int status;
        try {
            status = process.waitFor();
        } catch (InterruptedException interrupted) {
            process.destroy();
            throw new IOException(interrupted);
        }
        if (status != 0) {
            throw new AssertionError("crashinject explore: exit status " + status + "\n" + said);
        }
        System.out.println("crash-safe: " + workload);
    }
}
