// Package typecache keeps what was found out about Go types, for programs whose types are few.
package typecache
