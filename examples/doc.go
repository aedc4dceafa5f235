// Package examples holds programs that show how an agent uses the library. Its test checks that
// each piece of Go in the documents is one of their files.
package examples
