// Package probing asks servers again and again whether they answer, which leader they know and
// what they run, and tells a proxy of its own, which decides as an agent's would: which server
// is in front, and why.
package probing
