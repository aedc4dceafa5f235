// Package paired compares what several works cost on a machine that has other things to do as well. They are
// done in turn, in small batches, so that what else happens falls on all of them alike, and the
// comparison of one run means something.
package paired
