// Package logqueue puts a bounded queue in front of the loggers of an embedder. Whoever logs
// only appends a line: writers, hooks and samplers are called by one goroutine, which lives
// while there are lines. So one that blocks or panics holds up and ends nobody else.
package logqueue
