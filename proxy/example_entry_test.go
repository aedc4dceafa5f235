package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// inFront is a proxy in front of a cluster of three servers. end stops both.
func inFront(cfg proxy.Config) (p *proxy.Proxy, cluster *testutil.Cluster, end func()) {
	cluster, err := testutil.StartCluster(testutil.ClusterConfig{Size: 3})
	if err != nil {
		panic(err)
	}
	cfg.Servers = cluster.Addrs()
	if p, err = proxy.Start(cfg); err != nil {
		panic(err)
	}
	return p, cluster, func() { _ = errors.Join(p.Stop(context.Background()), cluster.Stop(context.Background())) }
}

// A call goes on with the next server where one fails. What a method does if it is executed twice decides whether it is sent
// again after a server may have acted on it.
func ExampleProxy_Call() {
	p, cluster, end := inFront(proxy.Config{})
	defer end()
	front, err := p.FindServer()
	if err != nil {
		panic(err)
	}
	cluster.ServerAt(front.Addr).Kill()

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var peers []string
	err = p.Call(ctx, "Status.Peers", struct{}{}, &peers, proxy.WithClass(proxy.Read))
	fmt.Println(len(peers), err)

	for _, s := range cluster.Servers() {
		s.Inject(testutil.AppError("Job.Dispatch", "Permission denied"))
	}
	err = p.Call(ctx, "Job.Dispatch", map[string]any{"Region": "global", "JobID": "batch"}, nil)
	failed, _ := errors.AsType[*proxy.CallError](err)
	fmt.Println(failed.Method, failed.Outcome, errors.Is(err, pool.ErrPermissionDenied))
	// Output:
	// 3 <nil>
	// Job.Dispatch rejected true
}

// A streaming call goes to the server in front. Its frames are read until the server ends it.
func ExampleProxy_Stream() {
	p, cluster, end := inFront(proxy.Config{})
	defer end()
	for _, s := range cluster.Servers() {
		s.HandleStream("FileSystem.Logs", func(_ context.Context, c net.Conn) error {
			var request struct{ Task string }
			if err := testutil.ReadStreamRequest(c, &request); err != nil {
				return err
			}
			return testutil.WriteFrame(c, testutil.StreamFrame{Payload: []byte("log of " + request.Task)})
		})
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := p.Stream(ctx, "FileSystem.Logs")
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	if err := pool.WriteRequest(conn, map[string]any{"Task": "web", "PlainText": true}); err != nil {
		panic(err)
	}
	frames := pool.NewFrameReader(conn)
	for payload, err := frames.Next(); err == nil; payload, err = frames.Next() {
		fmt.Println(string(payload))
	}
	// Output: log of web
}

// Explain says which server is in front, why, and what led to it; Snapshot has the same for programs.
func ExampleProxy_Explain() {
	p, cluster, end := inFront(proxy.Config{})
	defer end()
	front, err := p.FindServer()
	if err != nil {
		panic(err)
	}
	cluster.ServerAt(front.Addr).Kill()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := p.Call(ctx, "Status.Ping", struct{}{}, nil); err != nil {
		panic(err)
	}
	fmt.Println("names the server that is gone:", strings.Contains(p.Explain().String(), front.Addr))
	fmt.Println("servers:", len(p.Snapshot().Servers))
	// Output:
	// names the server that is gone: true
	// servers: 3
}

// byHand is a way to servers that is the agent's own. It carries no calls: the agent asks FindServer before each of them.
type byHand struct{ dead string }

func (b byHand) Ping(_ context.Context, addr string) (time.Duration, error) {
	if addr == b.dead {
		return 0, errors.New("it does not answer")
	}
	return time.Millisecond, nil
}

// An agent that has connections of its own brings a Pinger, and tells the proxy of failures.
func ExamplePinger() {
	p, err := proxy.Start(proxy.Config{Servers: []string{"10.0.0.1", "10.0.0.2"}, Pinger: byHand{dead: "10.0.0.1:4647"}})
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	defer func() { _ = p.Stop(ctx) }()

	for front, err := p.FindServer(); front.Addr == "10.0.0.1:4647"; front, err = p.FindServer() {
		if err != nil {
			panic(err)
		}
		if err := p.NotifyFailed(ctx, front, errors.New("the agent's call failed")); err != nil {
			panic(err)
		}
	}
	front, err := p.FindServer()
	fmt.Println(front.Addr, err)
	// Output: 10.0.0.2:4647 <nil>
}
