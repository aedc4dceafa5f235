// Package examples holds programs that show how an agent uses the library. Its test checks that
// each piece of Go in README.md is a piece of one of them.
package examples
