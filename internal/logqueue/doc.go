// Package logqueue puts a bounded queue in front of the loggers of an embedder. Whoever logs
// only appends a line: writers, hooks and samplers are called by one goroutine, which lives
// while there are lines. So one that blocks or panics holds up and ends nobody else.
//
// An embedder's logger is a zerolog.Logger. One that [To] made has a [Sink] instead of a writer,
// such as a slog.Handler, which gets lines with their fields as values.
package logqueue
