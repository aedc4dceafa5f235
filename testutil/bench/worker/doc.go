// Package worker is what the processes of bench that are measured have in common: [Client] and
// [Serve] are all of their main functions but for the client, or the server, itself. Each links
// what it measures and nothing else, so that its memory is that of such a client.
//
// A worker takes orders on its standard input and answers each with one line of JSON on its
// standard output. When the input ends, so does the worker: it does not outlive the process that
// started it.
package worker
