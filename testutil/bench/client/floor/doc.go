// Command floor is the client of bench that sends and receives as many bytes as the calls of the
// others, each caller on a TCP connection of its own, without a codec.
package main
