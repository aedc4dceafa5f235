// Package peers has benchmarks of the proxy and of other ways to do the same.
//
// It is a module of its own: what it compares with (a list behind a mutex, the
// actors of hollywood, the calls of grpc) is not for the proxy's own code and must
// not reach its go.mod. Nothing imports it, and the commands of the module around
// it pass it by, but for make bench; run it from this directory:
//
//	go test -bench . -count 6 | tee new.txt
//	benchstat -col /peer new.txt
//
// It is under the licence of the module around it (MPL-2.0, LICENSE at its top).
package peers
