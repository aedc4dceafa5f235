// Package session is one live connection to a server: the call streams and the streaming
// connections on it, and what the server opens towards the agent. It knows its Config and
// reports to Notify; which session a call takes, and when one is dialed or ended, is
// decided above it.
//
// A call stream has no goroutine of its own. The caller writes the request as frames past
// yamux, the goroutine that reads the transport puts the reply together, and the caller
// waits for it (waiter.go).
package session
