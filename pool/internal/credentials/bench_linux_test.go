package credentials

import (
	"crypto/tls"
	"fmt"
	"net"
	"runtime"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/open-nomad/rpcproxy/testutil"
)

// What a handshake costs each side, in CPU: each has a thread of its own, whose time is read.
func BenchmarkHandshake(b *testing.B) {
	ca, err := testutil.NewCA()
	noError(b, err)
	id, err := ca.Server("global")
	noError(b, err)
	agent, err := ca.Client("global")
	noError(b, err)
	for _, v := range []uint16{tls.VersionTLS13, tls.VersionTLS12} {
		for _, short := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/short=%v", tls.VersionName(v), short), func(b *testing.B) {
				creds, err := (&Config{CAPEM: ca.PEM(), CertPEM: agent.CertPEM, KeyPEM: agent.KeyPEM}).Load()
				noError(b, err)
				config := ca.ServerTLS(id, "global")
				config.MinVersion, config.MaxVersion = v, v
				ln, err := net.Listen("tcp", "127.0.0.1:0")
				noError(b, err)
				defer ln.Close()
				conns := make(chan net.Conn)
				spent := make(chan int64, 1)
				go func() {
					runtime.LockOSThread()
					defer runtime.UnlockOSThread()
					begin := threadTime()
					for conn := range conns {
						secured := tls.Server(conn, config)
						_, _ = conn.Read(make([]byte, 1))
						_ = secured.Handshake()
						_, _ = secured.Write([]byte{1})
					}
					spent <- threadTime() - begin
				}()
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				dial := func() {
					raw, err := net.Dial("tcp", ln.Addr().String())
					noError(b, err)
					far, err := ln.Accept()
					noError(b, err)
					conns <- far
					if !short {
						creds.tickets = new(tickets)
					}
					conn, err := creds.Secure(b.Context(), NewMetered(raw, new(atomic.Uint64), new(atomic.Uint64)), "a")
					noError(b, err)
					_, err = conn.Read(make([]byte, 1))
					noError(b, err)
					raw.Close()
					far.Close()
				}
				mine := threadTime()
				for b.Loop() {
					dial()
				}
				mine = threadTime() - mine
				close(conns)
				b.ReportMetric(float64(mine)/float64(b.N)/1000, "agent-µs/op")
				b.ReportMetric(float64(<-spent)/float64(b.N)/1000, "server-µs/op")
			})
		}
	}
}

// threadTime is the CPU time of this thread, in nanoseconds.
func threadTime() int64 {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_THREAD, &u)
	return u.Utime.Nano() + u.Stime.Nano()
}
