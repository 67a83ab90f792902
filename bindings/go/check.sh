#!/bin/sh
# SPDX-License-Identifier: MIT
# The binding for Go, by go test. Nothing is fetched.
. "${srcdir:-.}/bindings/check_common.sh"
needs go
GOCACHE=$work/cache GOPATH=$work/path GOFLAGS=-mod=mod GOPROXY=off CGO_ENABLED=0
export GOCACHE GOPATH GOFLAGS GOPROXY CGO_ENABLED
unformatted=$(gofmt -l . 2>/dev/null) || unformatted=
[ -z "$unformatted" ] || fail "gofmt: $unformatted"
go vet ./... || fail "go vet"
go test . || fail "go test"
cd example && smallest go test -count=1 .
finish
