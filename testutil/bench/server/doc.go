// Command server is the servers that the clients of bench call: that of package plainserver, and
// that of package floor.
package main
