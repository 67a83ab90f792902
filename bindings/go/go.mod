module crashinject.example/crashinject

go 1.18
