// Command bench is the client and, with -serve, the server of grpc for testutil/bench: the calls
// of package body, each as a method of its own. They are encoded by the codec that the others use,
// so that what differs is the transport; generated protocol buffers would be faster.
package main
