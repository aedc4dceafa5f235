// Package agentfeed reads the state of an agent from its status handler (package
// proxy/status), by server-sent events, or else by asking again and again. It trusts nothing
// that comes: what is too long, too much or something else is an error, and it tries again.
package agentfeed
