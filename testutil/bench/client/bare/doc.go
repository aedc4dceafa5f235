// Command bare is the client of bench that does only what the protocol and the codec ask for: a lone
// caller writes its request in one piece to the connection, and reads the answer from it itself. It has
// one stream and no goroutine, and notices nothing: no deadline, no silence, nobody else's stream. What
// it takes is a bound of what any client can take that calls a plain server with this codec.
package main
