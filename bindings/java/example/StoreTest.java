// SPDX-License-Identifier: MIT
import crashinject.Crash;
import java.io.IOException;
import java.nio.file.Files;

public final class StoreTest {
    public static void main(String[] words) throws IOException { // with JUnit: @Test
        String store = "java -XX:-UsePerfData -cp '" + System.getProperty("java.class.path") + "' Store";

        Crash.explore(store + " save 1 2", store + " check", Files.createTempDirectory("store"), "--model=ext4");
    }
}
