module wal.example/wal

go 1.19

require crashinject.example/crashinject v0.0.0

replace crashinject.example/crashinject => /usr/local/share/crashinject/bindings/go
