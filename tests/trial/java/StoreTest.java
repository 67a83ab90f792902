// SPDX-License-Identifier: MIT
import crashinject.Crash;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.Test;

public final class StoreTest {
    // workload and check
    private static void work(Path directory) throws IOException {
        Store.save(directory, "1");
        Store.save(directory, "2");
    }

    private static void look(Crash.State state) throws IOException {
        if (!state.acks().isEmpty()) {
            byte[] value = Files.readAllBytes(state.dir().resolve("value"));
            if (value.length != 1 || value[0] - '0' < state.acks().size()) {
                throw new AssertionError("there is \"" + new String(value) + "\"");
            }
        }
    }
    // end of workload and check

    @Test
    public void theStoreIsCrashSafe() throws IOException {
        Crash.explore(StoreTest::work, StoreTest::look, "--model=ext4");
    }
}
