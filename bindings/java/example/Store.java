// SPDX-License-Identifier: MIT
import crashinject.Crash;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * A value in a file that is replaced as a whole. With STORE_BUG=1 it is not synced before.
 *
 * <pre>
 * Store save VALUE...   in $CRASH_DIR
 * Store check           in a crash state: the last value that was acknowledged has to be there
 * </pre>
 */
public final class Store {
    private static void sync(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static void save(Path directory, String value) throws IOException {
        Path temporary = directory.resolve("value.new");

        Files.writeString(temporary, value);
        Crash.point("store.written");
        if (System.getenv("STORE_BUG") == null) {
            sync(temporary);
        }
        Files.move(temporary, directory.resolve("value"), StandardCopyOption.ATOMIC_MOVE);
        Crash.point("store.renamed");
        sync(directory);
        Crash.ack(value);
    }

    private static void check() throws IOException {
        List<String> acked = Files.readAllLines(Path.of(System.getenv("CRASH_ACKED_DIR"), "points"));

        if (acked.isEmpty()) {
            return;
        }
        String last = acked.get(acked.size() - 1);
        String there = Files.readString(Path.of("value"), java.nio.charset.StandardCharsets.ISO_8859_1);
        if (there.compareTo(last) < 0) {
            throw new IOException("acknowledged " + last + ", there is \"" + there + "\"");
        }
    }

    public static void main(String[] words) throws IOException {
        if (words[0].equals("check")) {
            check();
            return;
        }
        for (int i = 1; i < words.length; i++) {
            save(Path.of(System.getenv("CRASH_DIR")), words[i]);
        }
    }
}
