// Package credentials is TLS between a pool and servers: it reads and checks a [Config], does
// the handshake and says why one failed, and offers credentials to servers, or the changed
// contents of files, until they are taken ([Offering]). Which credentials are in force is for
// package pool to decide, whose TLS names lead here.
package credentials
