# SPDX-License-Identifier: MIT
"""A write-ahead log: wal.py TEXT... appends records to the log in $CRASH_DIR, or in the working directory."""
import os
import struct
import sys
import zlib

import crashinject

HEADER = struct.Struct("<II")  # length and checksum of what follows


def replay(file):
    """The records that are whole, and where they end."""
    records, end, data = [], 0, file.read()
    while end + HEADER.size <= len(data):
        length, checksum = HEADER.unpack_from(data, end)
        text = data[end + HEADER.size:end + HEADER.size + length]
        if length == 0 or len(text) < length or zlib.crc32(text) != checksum:
            break
        records.append(text.decode())
        end += HEADER.size + length
    return records, end


class Log:
    def __init__(self, directory):
        self.file = open(os.path.join(directory, "wal"), "a+b", buffering=0)
        self.file.seek(0)
        self.records, end = replay(self.file)
        self.file.truncate(end)
        self.sync_directory(directory)

    def sync_directory(self, directory):
        fd = os.open(directory, os.O_RDONLY)
        os.fsync(fd)
        os.close(fd)

    def append(self, text):
        data = text.encode()
        self.file.write(HEADER.pack(len(data), zlib.crc32(data)))
        crashinject.point("wal.mid-record")
        self.file.write(data)
        os.fsync(self.file.fileno())
        crashinject.ack(text)
        self.records.append(text)

    def close(self):
        self.file.close()


def main():
    log = Log(os.environ.get("CRASH_DIR", "."))
    for text in sys.argv[1:]:
        log.append(text)
    print(" ".join(log.records))


if __name__ == "__main__":
    main()
