// SPDX-License-Identifier: MIT
package crashinject;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

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

    /** Works in a data directory, in another process: a lambda that captures nothing but what is serializable. */
    public interface Workload extends Serializable {
        void run(Path directory) throws Exception;
    }

    /** Looks at a crash state, in another process likewise: it accepts by returning, and refuses by throwing. */
    public interface Check extends Serializable {
        void look(State state) throws Exception;
    }

    /** The state is consistent, but something that was acknowledged is gone. */
    public static final class Lost extends Exception {
        private static final long serialVersionUID = 1;

        public Lost(String text) {
            super(text);
        }
    }

    /**
     * One crash state.
     *
     * @param dir      the data directory; Java knows no other working directory than the one it was started in
     * @param acked    a file with all that was acknowledged before the crash
     * @param ackedDir a directory with a file for each stream of it
     * @param point    of the crash
     * @param state    its name
     */
    public record State(Path dir, Path acked, Path ackedDir, String point, String state) {
        /** What was given to {@link Crash#ack} before the crash. */
        public List<String> acks() throws IOException {
            Path points = ackedDir.resolve("points");
            return Files.exists(points) ? Files.readAllLines(points) : List.of(); // none: nothing ever was
        }
    }

    /**
     * Runs the workload once and checks every state that a crash can leave. Both are called in other Java machines, where
     * nothing else of this one is.
     *
     * @param options of crashinject-explore(1), as "--model=ext4"
     * @throws AssertionError with findings, repairs, how to replay them and where the result is, or why something may have
     *     been missed; IllegalStateException if it could not be explored
     */
    public static void explore(Workload workload, Check check, String... options) throws IOException {
        explore(Call.command(workload), List.of("--check-server", Call.quoted(Call.command(check))), null, options);
    }

    /**
     * The same of commands for the shell: the workload finds its data directory in $CRASH_DIR, and for the check a crash
     * state is the working directory.
     */
    public static void explore(String workload, String check, Path directory, String... options) throws IOException {
        explore(List.of("/bin/sh", "-c", workload), List.of("--check", check), directory, options);
    }

    private static void explore(List<String> workload, List<String> check, Path directory, String... options)
            throws IOException {
        Path data = directory == null ? Files.createTempDirectory("crashinject-data-") : directory;
        Path result = keepsItself(options) ? null : Files.createTempDirectory("crashinject-");
        boolean keep = false;

        try {
            String name = System.getenv().getOrDefault("CRASHINJECT", "crashinject");
            List<String> command = new ArrayList<>(List.of(name, "explore", "--json", "--dir", data.toString()));
            if (result != null) {
                command.addAll(List.of("--output", result.toString()));
            }
            command.addAll(check);
            command.addAll(List.of(options));
            command.add("--");
            command.addAll(workload);
            run(command, result);
        } catch (AssertionError failed) {
            keep = true;
            throw failed;
        } finally {
            if (directory == null) {
                remove(data);
            }
            if (result != null && !keep) {
                remove(result);
            }
        }
    }

    private static boolean keepsItself(String... options) {
        return Arrays.stream(options).anyMatch(option -> option.matches("-o.*|--(output|resume|finding)(=.*)?"));
    }

    private static void run(List<String> command, Path result) throws IOException {
        Path errors = Files.createTempFile("crashinject-", ".err");
        try {
            Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
            process.getOutputStream().close();
            Explored explored = new Explored(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
            int status = process.waitFor();

            if (explored.safe(status)) {
                System.out.println(explored.line());
            } else if (explored.judged(status)) {
                throw new AssertionError(explored.text(result));
            } else {
                throw new IllegalStateException("crashinject explore: exit status " + status + ": "
                        + Files.readString(errors, StandardCharsets.ISO_8859_1) + explored.finalOutput());
            }
        } catch (InterruptedException interrupted) {
            throw new IOException(interrupted);
        } finally {
            Files.delete(errors);
        }
    }

    private static void remove(Path directory) throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }
}
