package heartbeat_test

import (
	"context"
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/heartbeat"
)

// The node of these tests.
const (
	nodeID   = "6f1c3a52-9a44-4c5e-8f0e-3d1f0b7e2a90"
	secretID = "0b9d8c1e-5f33-4d0a-9a3b-7c2e6d4f8a15"
)

func aNode() heartbeat.Node {
	return heartbeat.Node{
		ID: nodeID, SecretID: secretID, Name: "worker", Datacenter: "dc1",
		Attributes: map[string]string{"nomad.version": "2.0.6"},
	}
}

// dict is a value of the wire.
type dict = map[string]any

// request is one call as a fake server sees it.
type request struct {
	at     time.Time
	addr   string
	method string
	args   dict
}

func (r request) is(method string) bool { return r.method == method }

// answering is how fake servers answer. What it returns is decoded into the reply.
type answering func(ctx context.Context, r request) (dict, error)

// fakes are servers without a network: a Pinger and a Caller. A server that is down
// refuses; the others answer.
type fakes struct {
	answer atomic.Pointer[answering]
	down   atomic.Pointer[map[string]bool]
	seen   chan request // what does not fit is lost
}

func newFakes(a answering) *fakes {
	f := &fakes{seen: make(chan request, 1<<16)}
	f.answers(a)
	f.isDown()
	return f
}

func (f *fakes) answers(a answering) { f.answer.Store(&a) }

// isDown takes servers down, and the others up.
func (f *fakes) isDown(addrs ...string) {
	down := map[string]bool{}
	for _, a := range addrs {
		down[a] = true
	}
	f.down.Store(&down)
}

func (f *fakes) dial(addr, method string) error {
	if (*f.down.Load())[addr] {
		return &pool.CallError{Method: method, Server: addr, Phase: pool.PhaseDial, Outcome: pool.NotSent, Err: fmt.Errorf("connection refused")}
	}
	return nil
}

func (f *fakes) Ping(_ context.Context, addr string) (time.Duration, error) {
	return time.Millisecond, f.dial(addr, "ping")
}

func (f *fakes) Call(ctx context.Context, addr, method string, args, reply any) error {
	r := request{at: time.Now(), addr: addr, method: method, args: dict{}}
	if err := recode(args, &r.args); err != nil {
		return err
	}
	select {
	case f.seen <- r:
	default:
	}
	if err := f.dial(addr, method); err != nil {
		return err
	}
	said, err := (*f.answer.Load())(ctx, r)
	if err != nil || reply == nil {
		return err
	}
	return recode(said, reply)
}

// calls takes what was seen so far of a method; of all methods, if it is empty.
func (f *fakes) calls(method string) (all []request) {
	for {
		select {
		case r := <-f.seen:
			if method == "" || r.is(method) {
				all = append(all, r)
			}
		default:
			return all
		}
	}
}

var handle = func() *codec.MsgpackHandle {
	h := &codec.MsgpackHandle{}
	h.RawToString = true
	h.MapType = reflect.TypeFor[map[string]any]()
	return h
}()

// recode writes a value as msgpack and reads it into another one.
func recode(from, to any) error {
	var b []byte
	if err := codec.NewEncoderBytes(&b, handle).Encode(from); err != nil {
		return err
	}
	return codec.NewDecoderBytes(b, handle).Decode(to)
}

// says is a server's error.
func says(r request, text string, kind error) error {
	return &pool.CallError{
		Method: r.method, Server: r.addr, Phase: pool.PhaseRemote, Outcome: pool.Rejected,
		Err: &pool.RemoteError{Text: text, Kind: kind},
	}
}

// granted is a good reply.
func granted(ttl time.Duration) dict {
	var servers []dict
	for _, a := range addrs {
		servers = append(servers, dict{"RPCAdvertiseAddr": a, "Datacenter": "dc1"})
	}
	return dict{
		"Servers": servers, "NumNodes": 3, "LeaderRPCAddr": addrs[0], "HeartbeatTTL": ttl,
		"SchedulingEligibility": "eligible",
	}
}

// with is a reply with one field more.
func with(reply dict, field string, value any) dict {
	reply[field] = value
	return reply
}

// grants answers every call with a TTL, at once.
func grants(ttl time.Duration) answering {
	return func(context.Context, request) (dict, error) { return granted(ttl), nil }
}

// addrs are the fake servers.
var addrs = []string{"10.0.0.1:4647", "10.0.0.2:4647", "10.0.0.3:4647"}

// region is not the one that an empty Region means.
const region = "eu-1"

// overFakes starts a proxy over fake servers, until the test ends.
func overFakes(t testing.TB, f *fakes, servers ...string) *proxy.Proxy {
	t.Helper()
	if len(servers) == 0 {
		servers = addrs
	}
	p, err := proxy.Start(proxy.Config{
		Servers: servers, Pinger: f, Seed: 1, Region: region,
		Rebalance: proxy.Timing{MinInterval: 1000 * time.Hour, Spread: 1000 * time.Hour}, // no moves of its own
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stops(t, p) })
	return p
}

// start starts a Heartbeat with Seed 1, until the test ends.
func start(t testing.TB, p *proxy.Proxy, cfg heartbeat.Config) *heartbeat.Heartbeat {
	t.Helper()
	cfg.Proxy, cfg.Seed = p, 1
	if cfg.Node == nil {
		cfg.Node = aNode()
	}
	h, err := heartbeat.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stops(t, h) })
	return h
}

// stops ends what a test started, in their order.
func stops(t testing.TB, all ...interface{ Stop(context.Context) error }) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for _, s := range all {
		if err := s.Stop(ctx); err != nil {
			t.Errorf("stopping: %v", err)
		}
	}
}

// limit is how long a test waits for what should happen at once.
const limit = 60 * time.Second

// within is a context that ends before a test would hang.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

// await takes the next event, which comes before the test would hang.
func await[E any](t testing.TB, what string, from <-chan E) E {
	t.Helper()
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case e := <-from:
		return e
	case <-late.C:
		t.Fatalf("%s: not within %v", what, limit)
		panic("unreachable")
	}
}

// events are the callbacks of a Heartbeat, as channels.
type events struct {
	registered, replies chan heartbeat.Reply
	missed              chan heartbeat.Missed
	refused             chan error
}

// listening adds callbacks to cfg that tell the test. What does not fit is lost.
func listening(cfg heartbeat.Config) (heartbeat.Config, events) {
	e := events{
		make(chan heartbeat.Reply, 1024), make(chan heartbeat.Reply, 1024),
		make(chan heartbeat.Missed, 1024), make(chan error, 1024),
	}
	cfg.OnRegistered = func(r heartbeat.Reply) { offer(e.registered, r) }
	cfg.OnReply = func(r heartbeat.Reply) { offer(e.replies, r) }
	cfg.OnMissed = func(m heartbeat.Missed) { offer(e.missed, m) }
	cfg.OnRefused = func(err error) { offer(e.refused, err) }
	return cfg, e
}

func offer[E any](to chan<- E, e E) {
	select {
	case to <- e:
	default:
	}
}

// server reads an address.
func server(addr string) messages.Server { return messages.Server{Name: addr, Addr: addr} }

// lines is a log's destination: one line each. What does not fit is lost.
type lines chan string

func (l lines) Write(b []byte) (int, error) {
	offer(l, string(b))
	return len(b), nil
}
