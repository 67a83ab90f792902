// SPDX-License-Identifier: MIT

// A write-ahead log: wal TEXT... appends records to the log in $CRASH_DIR, or in the working directory.
package main

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"crashinject.example/crashinject"
)

const header = 8 // length and checksum of what follows

// The records that are whole, and where they end.
func replay(data []byte) (records []string, end int) {
	for end+header <= len(data) {
		length := int(binary.LittleEndian.Uint32(data[end:]))
		checksum := binary.LittleEndian.Uint32(data[end+4:])
		text := data[end+header:]
		if length == 0 || len(text) < length || crc32.ChecksumIEEE(text[:length]) != checksum {
			break
		}
		records = append(records, string(text[:length]))
		end += header + length
	}
	return records, end
}

// Log is open for appending.
type Log struct {
	file    *os.File
	Records []string
}

// Open opens the log in a directory, or makes one.
func Open(directory string) (*Log, error) {
	file, err := os.OpenFile(filepath.Join(directory, "wal"), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	records, end := replay(data)
	if err = file.Truncate(int64(end)); err == nil {
		_, err = file.Seek(int64(end), io.SeekStart)
	}
	if err == nil {
		err = syncDirectory(directory)
	}
	return &Log{file, records}, err
}

func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	defer directory.Close()
	return directory.Sync()
}

// Append returns when the record is durable.
func (log *Log) Append(text string) error {
	head := binary.LittleEndian.AppendUint32(nil, uint32(len(text)))
	head = binary.LittleEndian.AppendUint32(head, crc32.ChecksumIEEE([]byte(text)))
	if _, err := log.file.Write(head); err != nil {
		return err
	}
	crashinject.Point("wal.mid-record")
	if _, err := log.file.WriteString(text); err != nil {
		return err
	}
	if err := log.file.Sync(); err != nil {
		return err
	}
	crashinject.Ack(text)
	log.Records = append(log.Records, text)
	return nil
}

// Close closes the log.
func (log *Log) Close() error {
	return log.file.Close()
}

func main() {
	log, err := Open(os.Getenv("CRASH_DIR"))
	for i := 1; err == nil && i < len(os.Args); i++ {
		err = log.Append(os.Args[i])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(log.Records)
}
