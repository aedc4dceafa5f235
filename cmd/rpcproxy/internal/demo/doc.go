// Package demo is the scenario of the command demo: a cluster of fake servers, a
// proxy in front of it, callers and a heartbeat, all in this process, and the
// failures that befall the servers. It counts the calls that fail and the time
// without a successful call.
package demo
