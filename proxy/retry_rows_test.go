package proxy_test

import (
	"errors"
	"io"
	"syscall"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// retryRow is one way for the server in front to fail an Echo.Count, and what
// must become of a call that meets it.
type retryRow struct {
	name  string
	spoil func(*testutil.Server)
	warm  bool // there is a session already when it happens
	waits bool // that it has failed is known by the pool's limits only

	rotates bool // another server is in front then
	rejoins bool // a call that may not be repeated is sent again all the same
	repeats bool // so is one that may
	passes  bool // another server is asked at once, and the one is asked no more
	runs    int  // how often the first attempt was executed

	phase   pool.Phase           // how far the first attempt came; where the session broke beneath it, at most
	outcome pool.Outcome         // of the first attempt, as are these
	is      error                // a cause, or nil
	as      func(err error) bool // what else must be true, or nil
}

// as reports whether an error of type E is among the causes.
func as[E error](err error) bool { _, ok := errors.AsType[E](err); return ok }

// failing injects the fault.
func failing(f testutil.Fault) func(*testutil.Server) {
	return func(s *testutil.Server) { s.Inject(f) }
}

// answering makes the server answer with the text.
func answering(text string) func(*testutil.Server) {
	return failing(testutil.AppError("Echo.Count", text))
}

// The limits of the rows that wait for them. The servers that are well have to keep
// within the last two, also when they did not run for a while.
var impatient = pool.Config{SilenceLimit: 100 * time.Millisecond, PingTimeout: 2 * time.Second, DialTimeout: 2 * time.Second}

var retryRows = []retryRow{
	// Nothing was sent: the next server, always.
	{
		name: "refused dial", spoil: (*testutil.Server).Kill,
		rotates: true, rejoins: true, repeats: true,
		phase: pool.PhaseDial, outcome: pool.NotSent, is: syscall.ECONNREFUSED, as: as[*pool.DialError],
	},
	{
		name: "handshake without an answer", spoil: (*testutil.Server).Freeze, waits: true,
		rotates: true, rejoins: true, repeats: true,
		phase: pool.PhaseHandshake, outcome: pool.NotSent, as: as[*pool.DialError],
	},
	{
		name: "handshake answered with garbage", spoil: failing(testutil.Garbage(testutil.LayerTransport)),
		rotates: true, rejoins: true, repeats: true,
		phase: pool.PhaseHandshake, outcome: pool.NotSent, as: as[*pool.ProtocolError],
	},
	// Refused before anything happened: the next server, after a pause.
	{
		name: "no leader", spoil: answering(testutil.ErrTextNoLeader),
		rotates: true, rejoins: true, repeats: true,
		phase: pool.PhaseRemote, outcome: pool.Rejected, is: pool.ErrNoLeader, as: as[*pool.RemoteError],
	},
	{
		name: "no leader, said by the server behind", spoil: answering("rpc error: " + testutil.ErrTextNoLeader),
		rotates: true, rejoins: true, repeats: true,
		phase: pool.PhaseRemote, outcome: pool.Rejected, is: pool.ErrNoLeader,
	},
	{
		name: "not ready", spoil: answering("Not ready to serve consistent reads"),
		rotates: true, rejoins: true, repeats: true,
		phase: pool.PhaseRemote, outcome: pool.Rejected, is: pool.ErrNotReady,
	},
	// The server is healthy, the one behind it is not.
	{
		name: "forward refused", spoil: answering(testutil.ErrTextForwardRefused("127.0.0.1:1")),
		rejoins: true, repeats: true,
		phase: pool.PhaseRemote, outcome: pool.Rejected, is: pool.ErrLeaderUnreachable,
	},
	{
		name: "forward broken", spoil: answering(testutil.ErrTextForwardEOF),
		repeats: true,
		phase:   pool.PhaseRemote, outcome: pool.MaybeExecuted, is: pool.ErrLeaderUnreachable,
	},
	{
		name: "forward into a closed stream", spoil: answering("rpc error: stream closed"),
		rejoins: true, repeats: true,
		phase: pool.PhaseRemote, outcome: pool.Rejected, is: pool.ErrLeaderUnreachable,
	},
	{
		name: "forward that opens no stream", spoil: answering("rpc error: failed to start stream: session shutdown"),
		rejoins: true, repeats: true,
		phase: pool.PhaseRemote, outcome: pool.Rejected, is: pool.ErrLeaderUnreachable,
	},
	{
		name: "forward over a session that ends", spoil: answering("rpc error: session shutdown"),
		repeats: true,
		phase:   pool.PhaseRemote, outcome: pool.MaybeExecuted, is: pool.ErrLeaderUnreachable,
	},
	{
		name: "forward reset", spoil: answering("rpc error: write tcp 127.0.0.1:5->127.0.0.2:4647: write: connection reset by peer"),
		repeats: true,
		phase:   pool.PhaseRemote, outcome: pool.MaybeExecuted, is: pool.ErrLeaderUnreachable,
	},
	// The leader hands over or stops.
	{
		name: "leadership transfer", spoil: answering("rpc error: leadership transfer in progress"),
		repeats: true,
		phase:   pool.PhaseRemote, outcome: pool.MaybeExecuted, is: pool.ErrNotLeader,
	},
	{
		name: "no leader any more", spoil: answering("node is not the leader"),
		repeats: true,
		phase:   pool.PhaseRemote, outcome: pool.MaybeExecuted, is: pool.ErrNotLeader,
	},
	{
		name: "heartbeat not reset", spoil: answering("rpc error: failed to reset heartbeat since server is not leader"),
		repeats: true,
		phase:   pool.PhaseRemote, outcome: pool.MaybeExecuted, is: pool.ErrNotLeader,
	},
	{
		name: "leadership lost", spoil: answering("rpc error: 1 error occurred:\n\t* leadership lost while committing log\n\n"),
		repeats: true,
		phase:   pool.PhaseRemote, outcome: pool.MaybeExecuted, is: pool.ErrLeadershipLost,
	},
	{
		name: "leader stopping", spoil: answering("rpc error: raft apply failed: raft is already shutdown"),
		repeats: true,
		phase:   pool.PhaseRemote, outcome: pool.MaybeExecuted, is: pool.ErrServerStopping,
	},
	{
		name: "cluster just born", spoil: answering("failed to sign node identity claims: keyring has not been initialized yet"),
		rejoins: true, repeats: true,
		phase: pool.PhaseRemote, outcome: pool.Rejected, is: pool.ErrStarting,
	},
	{
		name: "rate limit", spoil: answering("rate limit exceeded, try again later"),
		rejoins: true, repeats: true,
		phase: pool.PhaseRemote, outcome: pool.Rejected, is: pool.ErrRateLimited,
	},
	{
		name: "rate limit of one server", spoil: answering("rate limit exceeded, try again later or against a different server"),
		rejoins: true, repeats: true,
		phase: pool.PhaseRemote, outcome: pool.Rejected, is: pool.ErrServerRateLimited,
	},
	// An answer like any other.
	{
		name: "permission denied", spoil: answering(testutil.ErrTextPermissionDenied),
		phase: pool.PhaseRemote, outcome: pool.Rejected, is: pool.ErrPermissionDenied, as: as[*pool.RemoteError],
	},
	// The server cannot serve it, which another may.
	{
		name: "no path to region", spoil: answering(testutil.ErrTextNoRegionPath), passes: true,
		phase: pool.PhaseRemote, outcome: pool.Rejected, is: pool.ErrNoRegionPath,
	},
	{
		name: "unknown service", spoil: answering("rpc: can't find service Echo.Count"), passes: true,
		phase: pool.PhaseRemote, outcome: pool.Rejected, is: pool.ErrUnknownMethod,
	},
	{
		name: "unknown method, said by the server behind", spoil: answering("rpc error: rpc: can't find method Echo.Count"), passes: true,
		phase: pool.PhaseRemote, outcome: pool.Rejected, is: pool.ErrUnknownMethod,
	},
	{
		name: "node not found", spoil: answering(testutil.ErrTextNodeNotFound),
		phase: pool.PhaseRemote, outcome: pool.Rejected, is: pool.ErrUnknownNode,
	},
	{
		name: "a handler's own words", spoil: answering("no cluster leader was asked for"),
		phase: pool.PhaseRemote, outcome: pool.MaybeExecuted, as: as[*pool.RemoteError],
	},
	{
		name: "EOF that no forwarding added", spoil: answering("EOF"),
		phase: pool.PhaseRemote, outcome: pool.MaybeExecuted, as: func(err error) bool { return !errors.Is(err, io.EOF) },
	},
	// Sent and not answered.
	{
		name: "executed, then reset", spoil: failing(testutil.ExecuteThenReset().On("Echo.Count")), warm: true,
		rotates: true, repeats: true, runs: 1,
		phase: pool.PhaseFlushed, outcome: pool.MaybeExecuted, is: syscall.ECONNRESET,
	},
	{
		name: "read, then dropped", spoil: failing(testutil.DropAfterRead().On("Echo.Count")), warm: true,
		rotates: true, repeats: true,
		phase: pool.PhaseFlushed, outcome: pool.MaybeExecuted, is: io.EOF,
	},
	{
		name: "closed in the middle of the reply", spoil: failing(testutil.CloseMidReply().On("Echo.Count")), warm: true,
		rotates: true, repeats: true, runs: 1,
		phase: pool.PhaseRead, outcome: pool.MaybeExecuted,
	},
	{
		name: "silence", spoil: (*testutil.Server).Freeze, warm: true, waits: true,
		rotates: true, repeats: true,
		phase: pool.PhaseFlushed, outcome: pool.MaybeExecuted,
	},
	{
		name: "garbage beneath the session", spoil: failing(testutil.Garbage(testutil.LayerTransport).On("Echo.Count")), warm: true,
		rotates: true, repeats: true, runs: 1,
		phase: pool.PhaseFlushed, outcome: pool.MaybeExecuted, as: as[*pool.ProtocolError],
	},
	{
		name: "a header that is none", spoil: failing(testutil.Garbage(testutil.LayerHeader).On("Echo.Count")),
		rotates: true, repeats: true, runs: 1,
		phase: pool.PhaseRead, outcome: pool.MaybeExecuted, as: as[*pool.ProtocolError],
	},
	{
		name: "the answer to another request", spoil: failing(testutil.Garbage(testutil.LayerSeq).On("Echo.Count")),
		rotates: true, repeats: true, runs: 1,
		phase: pool.PhaseRead, outcome: pool.MaybeExecuted, as: as[*pool.ProtocolError],
	},
	// Answered, and the answer is of no use.
	{
		name: "a reply of another shape", spoil: failing(testutil.Garbage(testutil.LayerShape).On("Echo.Count")),
		runs: 1, phase: pool.PhaseDecode, outcome: pool.MaybeExecuted, as: as[*pool.DecodeError],
	},
	{
		name: "a reply that is too large", spoil: failing(testutil.Garbage(testutil.LayerHugeString).On("Echo.Count")),
		runs: 1, phase: pool.PhaseRead, outcome: pool.MaybeExecuted, as: as[*pool.SizeError],
	},
}

// retries is how long a call is retried that has no deadline. There is another attempt within
// it, unless the test was not run for a while.
const retries = 8 * time.Second

// begin starts a proxy whose active server is about to fail as in the row, and which retries
// for so long.
func (r *retryRow) begin(t *testing.T, size int, retries time.Duration) (*testutil.Cluster, *testutil.Server, *proxy.Proxy) {
	t.Helper()
	c := startCluster(t, size)
	cfg := proxy.Config{Servers: c.Addrs(), RetryTimeout: retries}
	if r.waits {
		cfg.Pool = impatient
	}
	p := startProxy(t, cfg)
	s := c.ServerAt(active(t, p).Addr)
	if r.warm {
		if err := p.Call(within(t), "Echo.Echo", echo{"warm"}, nil); err != nil {
			t.Fatal(err)
		}
	}
	r.spoil(s)
	return c, s, p
}
