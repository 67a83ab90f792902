module trial.example/store

go 1.18

require crashinject.example/crashinject v0.0.0

replace crashinject.example/crashinject => PREFIX/share/crashinject/bindings/go
