// SPDX-License-Identifier: MIT
import crashinject.Crash;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** A value in a file that is replaced as a whole; with STORE_BUG=1 it is not synced before. */
public final class Store {
    public static void save(Path directory, String value) throws IOException {
        Path temporary = directory.resolve("value.new");

        try (FileChannel file = FileChannel.open(temporary, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(value.getBytes()));
            if (System.getenv("STORE_BUG") == null) {
                file.force(true);
            }
        }
        Crash.point("store.written");
        Files.move(temporary, directory.resolve("value"), StandardCopyOption.ATOMIC_MOVE);
        try (FileChannel parent = FileChannel.open(directory, StandardOpenOption.READ)) {
            parent.force(true);
        }
        Crash.ack(value);
    }
}
