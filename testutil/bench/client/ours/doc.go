// Command ours is the client of bench that is the proxy with its defaults: calls go through
// proxy.Call, as an agent's do.
package main
