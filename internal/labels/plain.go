package labels

import (
	"strings"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// longest is the longest name that is a label, in bytes.
const longest = 128

// Plain reports whether a name is one as methods, addresses and sources are, and has nothing
// in it of the form of a token.
func Plain(name string) bool {
	if name == "" || len(name) > longest {
		return false
	}
	for _, c := range []byte(name) {
		switch {
		case isWord(c):
		case c == '.', c == '-', c == ':', c == '[', c == ']', c == '%':
		default:
			return false
		}
	}
	return printable.WithoutTokens(name) == name
}

// Method reports whether a name has the form of methods of net/rpc, Service.Method, both of
// which begin with a capital letter. No token has it.
func Method(name string) bool {
	if len(name) > longest {
		return false
	}
	service, method, found := strings.Cut(name, ".")
	return found && exported(service) && exported(method)
}

// exported reports whether a name is an identifier in ASCII that begins with a capital letter.
func exported(name string) bool {
	if name == "" || name[0] < 'A' || name[0] > 'Z' {
		return false
	}
	for _, c := range []byte(name) {
		if !isWord(c) {
			return false
		}
	}
	return true
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}
