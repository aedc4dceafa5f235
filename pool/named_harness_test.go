package pool_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/dnstest"
)

// named is a name server that tests give servers names in.
type named struct {
	testing.TB
	*dnstest.Server
}

func startDNS(tb testing.TB) named {
	tb.Helper()
	s, err := dnstest.Start(dnstest.Config{})
	noError(tb, err)
	tb.Cleanup(func() { stop(tb, s.Stop) })
	return named{tb, s}
}

// points makes nomad.test. the name of these addresses, in that order.
func (n named) points(hosts ...string) {
	n.Helper()
	n.Remove("nomad.test.")
	var records []string
	for _, h := range hosts {
		kind := "A"
		if net.ParseIP(h).To4() == nil {
			kind = "AAAA"
		}
		records = append(records, fmt.Sprintf("nomad.test. 60 IN %s %s", kind, h))
	}
	if err := n.Set(records...); err != nil {
		n.Fatal(err)
	}
}

// at is nomad.test. with the port of a server; the dot keeps the search domains
// of the machine out of it.
func at(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return "nomad.test.:" + port
}

// startTwins starts servers on one port of several loopback addresses.
func startTwins(tb testing.TB, cfg testutil.ServerConfig, hosts ...string) []*testutil.Server {
	tb.Helper()
	cfg.KeepAlive, cfg.FirstByteTimeout = -1, patience
	for range 50 { // until a port is free everywhere
		var twins []*testutil.Server
		port := "0"
		for _, h := range hosts {
			cfg.Addr = net.JoinHostPort(h, port)
			s, err := testutil.StartServer(cfg)
			if err != nil {
				break
			}
			_, port, _ = net.SplitHostPort(s.Addr())
			twins = append(twins, s)
		}
		if len(twins) == len(hosts) {
			tb.Cleanup(func() {
				for _, s := range twins {
					stop(tb, s.Stop)
				}
			})
			return twins
		}
		for _, s := range twins {
			stop(tb, s.Stop)
		}
	}
	tb.Fatalf("no port is free on all of %v", hosts)
	return nil
}

// mute is a listener that accepts and never answers, as a frozen host does.
type mute struct {
	accepted chan struct{}
	closed   chan struct{} // one for each connection that the other side has ended
}

// startMute starts one on the port of a server.
func startMute(tb testing.TB, host, beside string) (*testutil.Server, *mute) {
	tb.Helper()
	var s *testutil.Server
	var ln net.Listener
	for i := 0; ln == nil; i++ { // until a port is free on both
		s = startTwins(tb, testutil.ServerConfig{}, beside)[0]
		_, port, _ := net.SplitHostPort(s.Addr())
		var err error
		if ln, err = net.Listen("tcp", net.JoinHostPort(host, port)); err != nil && i == 50 {
			tb.Fatal(err)
		}
	}
	m := &mute{accepted: make(chan struct{}, 1000), closed: make(chan struct{}, 1000)}
	ctx, end := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			m.accepted <- struct{}{}
			running.Go(func() {
				defer context.AfterFunc(ctx, func() { _ = c.Close() })()
				_, _ = io.Copy(io.Discard, c)
				_ = c.Close()
				m.closed <- struct{}{}
			})
		}
	})
	tb.Cleanup(func() {
		_ = ln.Close()
		end()
		running.Wait()
	})
	return s, m
}
