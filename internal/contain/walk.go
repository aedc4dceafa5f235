package contain

import (
	"net"
	"reflect"
	"strings"
)

// maxWalk bounds how many errors of a tree are looked at: Unwrap may lead back to where it
// came from.
const maxWalk = 64

// Walk calls visit for err and each error that it wraps, in the order of errors.Is, until
// visit returns true or so many were visited that the tree must have a circle. whole
// reports whether there was no more. It calls the methods Unwrap of err, which may panic.
func Walk(err error, visit func(error) bool) (whole bool) {
	left := maxWalk
	walk(err, visit, &left)
	return left >= 0
}

// walk reports whether visit has ended the walk.
func walk(err error, visit func(error) bool, left *int) bool {
	for err != nil {
		if *left--; *left < 0 || visit(err) {
			return true
		}
		switch wraps := err.(type) { //nolint:errorlint // each link of the chain is looked at by itself
		case interface{ Unwrap() error }:
			err = wraps.Unwrap()
		case interface{ Unwrap() []error }:
			for _, inner := range wraps.Unwrap() {
				if walk(inner, visit, left) {
					return true
				}
			}
			return false
		default:
			return false
		}
	}
	return false
}

// As is errors.AsType that ends where Unwrap goes in a circle. It asks no method As.
func As[E error](err error) (found E, ok bool) {
	Walk(err, func(e error) bool {
		found, ok = e.(E) //nolint:errorlint // a link of the chain
		return ok
	})
	return found, ok
}

// own reports whether the methods of err, if not of what it wraps, are those of the
// standard library or of this module, which neither panic nor hang.
func own(err error) bool {
	t := reflect.TypeOf(err)
	if t.Kind() == reflect.Pointer {
		if reflect.ValueOf(err).IsNil() {
			return false
		}
		t = t.Elem()
	}
	if op, ok := err.(*net.OpError); ok && (!ownAddr(op.Addr) || !ownAddr(op.Source)) { //nolint:errorlint // a link of the chain
		return false
	}
	path := t.PkgPath()
	if inside, ok := strings.CutPrefix(path, module); ok {
		return !strings.HasSuffix(path, "_test") && ownPackages[first(inside)]
	}
	return standard[first(path)]
}

// ownAddr reports whether an address is one of package net.
func ownAddr(a net.Addr) bool {
	switch a.(type) {
	case nil, *net.TCPAddr, *net.UDPAddr, *net.UnixAddr, *net.IPAddr:
		return true
	}
	return false
}

// module is the path of this module, ownPackages are the directories in it whose errors are
// its own, and standard those of the standard library. A module of others has a dot there,
// or a name that is none of these.
const module = "github.com/open-nomad/rpcproxy/"

var (
	ownPackages = set("actor", "internal", "messages", "pool", "proxy")
	standard    = set("context", "crypto", "encoding", "errors", "fmt", "internal", "io", "net", "os", "runtime", "strconv", "syscall", "time")
)

func set(names ...string) map[string]bool {
	s := make(map[string]bool, len(names))
	for _, n := range names {
		s[n] = true
	}
	return s
}

// first is the first element of a path.
func first(path string) string {
	element, _, _ := strings.Cut(path, "/")
	return element
}
