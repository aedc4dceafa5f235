// Package halfhung finds servers that answer some calls and leave those of one method
// unanswered which other servers answer at once.
//
// A [Log] is what is known of that. It is a value that never changes: each observation
// gives the next one, so that any number of goroutines can share one by a pointer that
// they compare and swap. It has no clock: times come in as parameters.
//
//	next, behind := log.Answered(now, server, method, took)
//
// A method that takes long everywhere is never answered at once by another server, and
// a server that stands still for a moment does not leave calls unanswered for long
// enough: neither is found.
package halfhung
