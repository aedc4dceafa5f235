// Package nbconn makes a net.Conn whose Write does not block: bytes that the kernel
// does not take at once are kept, and a goroutine that is started for them writes them,
// in order. Above a first limit the caller should keep its frames ([Conn.Congested]);
// above a second one the connection fails.
package nbconn
