package testutil

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// situation is what a cluster was in while a recording was made.
type situation struct {
	cluster ClusterConfig
	prepare func(*replay)            // before the client connects
	via     func(*Cluster) *Server   // the server it connects to; nil: the leader
	at      map[string]func(*replay) // before a step: "stream side nth", as "1 c2s 7"
}

// replay plays the client's side of a recording to a fake cluster, frame by frame,
// and holds what comes back against what a real server sent.
type replay struct {
	*testing.T
	cluster *Cluster
	server  *Server
	conn    *rawConn
	twins   *twins
	node    string // that was registered last
	asked   map[uint32]*asked
	seqs    map[uint32]any // of the calls that the server made
	pings   int
	pongs   int
}

// asked is a call that the recorded server made, made again.
type asked struct {
	leave chan struct{} // closed when the caller leaves
	done  chan error
}

func newReplay(t *testing.T, s situation) *replay {
	cluster := startCluster(t, s.cluster)
	r := &replay{T: t, cluster: cluster, asked: map[uint32]*asked{}, seqs: map[uint32]any{}}
	r.twins = newTwins(cluster)
	if _, err := cluster.AwaitLeader(r.within()); err != nil {
		t.Fatal(err)
	}
	if s.prepare != nil {
		s.prepare(r)
	}
	r.server = cluster.ServerAt(cluster.Leader())
	if s.via != nil {
		r.server = s.via(cluster)
	}
	r.conn = dialRaw(t, r.server.Addr())
	return r
}

func (r *replay) within() context.Context { return contextFor(r) }

// run lists the differences, nothing if all is as recorded.
func (r *replay) run(tr *Transcript, s situation) (differences []string) {
	steps, err := tr.Steps()
	if err != nil {
		r.Fatal(err)
	}
	for _, st := range steps {
		if st.Message != nil {
			if hook := s.at[fmt.Sprintf("%d %s %d", st.Stream, st.Message.Direction, st.Nth)]; hook != nil {
				hook(r)
			}
		}
		var wrong []string
		if st.Client {
			r.repeat(st)
		} else {
			wrong = r.expect(tr, st)
		}
		for _, w := range wrong {
			differences = append(differences, st.String()+": "+w)
		}
		if r.Failed() {
			return differences
		}
	}
	for stream, a := range r.asked {
		if err := <-a.done; err != nil {
			differences = append(differences, fmt.Sprintf("stream %d: the server's call: %v", stream, err))
		}
	}
	if strings.HasPrefix(tr.Closed[0], "c2s") {
		if err := r.conn.sock.CloseWrite(); err != nil {
			r.Fatal(err)
		}
	}
	if err := r.conn.expectEnd(); err != nil {
		differences = append(differences, fmt.Sprintf("at the end: %v", err))
	}
	for _, stream := range tr.Streams { // a streaming call's frames may be cut anywhere
		frames := 0
		for _, f := range tr.Frames {
			if f.Stream == stream.ID && f.Direction == "s2c" && f.Type == "data" {
				frames++
			}
		}
		if got := r.conn.frames[stream.ID]; stream.Mode == "rpc" && got != frames {
			differences = append(differences, fmt.Sprintf("stream %d: %d data frames, want %d", stream.ID, got, frames))
		}
	}
	return differences
}

// repeat does what the client did.
func (r *replay) repeat(st Step) {
	switch f := (rawFrame{kind: rawWindow, stream: st.Stream}); {
	case st.Ping && st.Flags == "SYN":
		r.conn.send(rawFrame{kind: rawPing, flags: rawSYN, length: 7})
	case st.Ping: // they are answered at once
	case st.Message != nil:
		r.conn.send(rawFrame{stream: st.Stream, body: r.argument(st)})
	default:
		f.flags = map[string]byte{"SYN": rawSYN, "ACK": rawACK, "FIN": rawFIN}[st.Flags]
		r.conn.send(f)
	}
}

// argument is a message of the client's, with the tokens of this cluster.
func (r *replay) argument(st Step) []byte {
	m := st.Message
	if m.Kind == "mode" {
		return m.Bytes
	}
	value, _ := m.Value.(map[string]any)
	if seq, ok := r.seqs[st.Stream]; ok && m.Kind == "response_header" {
		value["Seq"] = seq
	}
	if node, ok := value["Node"].(map[string]any); ok {
		r.node, _ = node["ID"].(string)
	}
	mapped := r.twins.argument("", m.Value)
	if r.seqs[st.Stream] == nil && fmt.Sprint(mapped) == fmt.Sprint(newTwins(nil).argument("", m.Value)) {
		return m.Bytes // nothing to be replaced: byte by byte as recorded
	}
	out, err := encode(nil, mapped)
	if err != nil {
		r.Fatal(err)
	}
	return out
}

// expect reads what the server should do now.
func (r *replay) expect(tr *Transcript, st Step) []string {
	failed := func(err error) []string {
		if err != nil {
			r.Errorf("%v: %v", st, err)
		}
		return nil
	}
	switch {
	case st.Ping && st.Flags == "SYN":
		for r.pings++; r.conn.pings < r.pings; {
			if err := r.conn.receive(); err != nil {
				return failed(err)
			}
		}
		return nil
	case st.Ping:
		for r.pongs++; r.conn.pongs < r.pongs; {
			if err := r.conn.receive(); err != nil {
				return failed(err)
			}
		}
		return nil
	case st.isFlag("SYN"):
		r.ask(tr, st.Stream)
		return failed(r.conn.control(st.Stream, rawSYN))
	case st.isFlag("ACK"):
		return failed(r.conn.control(st.Stream, rawACK))
	case st.isFlag("FIN"):
		if a := r.asked[st.Stream]; a != nil {
			close(a.leave)
		}
		return failed(r.conn.control(st.Stream, rawFIN))
	case st.Message == nil:
		return []string{"a frame with flags " + st.Flags + " is not understood"}
	}
	if st.Message.Kind == "mode" {
		f, err := r.conn.next(st.Stream)
		if err == nil && !bytes.Equal(f.body, st.Message.Bytes) {
			err = fmt.Errorf("mode %x", f.body)
		}
		return failed(err)
	}
	raw, err := r.conn.value(st.Stream)
	if err != nil {
		return failed(err)
	}
	return r.compare(st, raw)
}

func (r *replay) compare(st Step, raw []byte) []string {
	m, recorded, got := st.Message, st.Message.Value, decoded(r.T, raw)
	if m.Kind == "request_header" { // the server counts its calls
		r.seqs[st.Stream] = got.(map[string]any)["Seq"]
		recorded.(map[string]any)["Seq"] = r.seqs[st.Stream]
	}
	all := r.twins.differ(m.Kind, "", recorded, got)
	if m.Kind == "response_header" && r.twins.text(field(m.Value, "Error")) == field(m.Value, "Error") && !bytes.Equal(raw, m.Bytes) {
		all = append(all, fmt.Sprintf("the bytes are\n%x\nwant\n%x", raw, m.Bytes))
	}
	return all
}

// ask has the fake server make the call that the recorded one made on a stream.
func (r *replay) ask(tr *Transcript, stream uint32) {
	i := slices.IndexFunc(tr.Streams, func(s TranscriptStream) bool { return s.ID == stream })
	var method, want string
	var request Raw
	for _, m := range tr.Streams[i].Messages {
		switch m.Kind {
		case "request_header":
			method = field(m.Value, "ServiceMethod")
		case "stream_header":
			method = field(m.Value, "Method")
		case "request_body", "stream_request":
			request = Raw(m.Bytes)
		case "response_header":
			want = field(m.Value, "Error")
		}
	}
	a := &asked{leave: make(chan struct{}), done: make(chan error, 1)}
	r.asked[stream] = a
	ctx, node, server := r.within(), r.node, r.server
	if tr.Streams[i].Mode == "rpc" {
		go func() {
			err := server.CallNode(ctx, node, method, request, nil)
			if remote, ok := errors.AsType[*RemoteError](err); ok && remote.Text == want {
				err = nil
			}
			a.done <- err
		}()
		return
	}
	go func() {
		c, err := server.StreamNode(ctx, node, method)
		if err == nil {
			err = WriteStreamRequest(c, request)
		}
		if err != nil {
			a.done <- err
			return
		}
		<-a.leave
		a.done <- c.Close()
	}()
}

func TestTheFakeServerAnswersAsRealOnesDidInEveryRecording(t *testing.T) {
	table := situations()
	for _, name := range GoldenNames() {
		s, ok := table[name]
		if !ok {
			t.Errorf("%s: the situation is not described", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, d := range newReplay(t, s).run(load(t, name), s) {
				t.Error(d)
			}
		})
		delete(table, name)
	}
	for name := range table {
		t.Errorf("%s: there is no such recording", name)
	}
}

// A replay that finds nothing must be able to.
func TestAReplayFindsDeviationsFromTheRecording(t *testing.T) {
	for name, lie := range map[string]func(*Server){
		"another text": func(s *Server) { s.Inject(AppError("Node.UpdateStatus", "permission denied")) },
		"another value": func(s *Server) {
			s.Handle("Status.Ping", func(context.Context, *Request) (any, error) { return dict{"Index": 1}, nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := situation{}
			r := newReplay(t, s)
			lie(r.server)
			if len(r.run(load(t, "unknown_method"), s)) == 0 {
				t.Error("nothing was found")
			}
		})
	}
}

// situations has the state of the cluster for each recording, and its faults.
func situations() map[string]situation {
	const far = time.Hour
	follower := func(c *Cluster) *Server {
		return c.Server((slices.Index(c.Addrs(), c.Leader()) + 1) % 3)
	}
	alone := ClusterConfig{Size: 1}
	lost := ClusterConfig{ElectionDelay: far, ForwardErrorWindow: far}
	elect := func(r *replay) {
		gone := slices.IndexFunc(r.cluster.Addrs(), func(a string) bool { return !slices.Contains(r.cluster.Live(), a) })
		r.cluster.elect()
		if _, err := r.cluster.AwaitLeader(r.within()); err != nil {
			r.Fatal(err)
		}
		if err := r.cluster.Restart(gone); err != nil { // when these were made, no server had noticed yet
			r.Fatal(err)
		}
	}
	logs := func(r *replay) {
		await(r, func() bool { return r.server.log.followers.Load() > 0 })
		r.server.Log("2026-11-23T11:09:27.649Z [DEBUG] http: request complete: method=GET")
	}
	return map[string]situation{
		"ping":               {},
		"keepalive":          {cluster: ClusterConfig{Server: ServerConfig{KeepAlive: time.Second}}},
		"bad_mode_byte":      {},
		"unknown_method":     {},
		"refused_arguments":  {},
		"follower_errors":    {via: follower},
		"register_heartbeat": {},
		"no_leader": {
			cluster: ClusterConfig{Server: ServerConfig{RPCHoldTimeout: time.Millisecond}},
			prepare: func(r *replay) { r.cluster.Kill(0); r.cluster.Kill(1) },
			via:     func(c *Cluster) *Server { return c.Server(2) },
		},
		"leader_killed": {cluster: lost, via: follower, at: map[string]func(*replay){
			"1 c2s 5":  func(r *replay) { r.cluster.ServerAt(r.cluster.Leader()).Kill() },
			"1 c2s 19": elect,
		}},
		"leader_interrupted": {cluster: lost, via: follower, at: map[string]func(*replay){
			"1 c2s 7":  func(r *replay) { r.cluster.StopLeader() },
			"1 c2s 23": elect,
		}},
		"leadership_transfer": {
			cluster: ClusterConfig{TransferDelay: far},
			via:     follower,
			at: map[string]func(*replay){
				"1 c2s 9": func(r *replay) { r.cluster.TransferLeadership() },
				"1 c2s 15": func(r *replay) {
					old := r.cluster.Leader()
					r.cluster.endTransfer()
					await(r, func() bool { return r.cluster.Leader() != old })
				},
			},
		},
		"cluster_starting": {
			cluster: ClusterConfig{FirstElection: time.Millisecond, KeyringDelay: far},
			via:     follower,
			at:      map[string]func(*replay){"1 c2s 11": func(r *replay) { r.cluster.haveKeyring() }},
		},
		"event_stream": {prepare: func(r *replay) { r.registerRecorded(load(r.T, "event_stream")) }},
		"streaming_open": {cluster: alone, at: map[string]func(*replay){
			"5 s2c 1": logs, "5 s2c 2": logs, "5 s2c 3": logs, "7 s2c 1": logs, "7 s2c 2": logs,
		}},
		"reverse_calls": {at: map[string]func(*replay){
			"5 s2c 0": func(r *replay) {
				r.cluster.SetAllocs(r.node, map[string]uint64{"b2778969-eccd-6cc7-46b2-1436b22ac087": 95})
			},
		}},
		"real_client_agent": {cluster: ClusterConfig{Size: 1, Server: ServerConfig{KeepAlive: time.Second}}},
	}
}

// endTransfer makes the transfer that would take long end now.
func (c *Cluster) endTransfer() { c.world.do(func(st *worldState) { st.transfer.at = time.Now() }) }

// haveKeyring gives the cluster its keyring now.
func (c *Cluster) haveKeyring() { c.world.do(func(st *worldState) { st.keyringAt = time.Time{} }) }

// registerRecorded registers the nodes of a recorded event stream, and has those
// tell that they are ready which did.
func (r *replay) registerRecorded(tr *Transcript) {
	stream := dial(r, r.cluster.Leader()).open(modeRPC)
	for _, m := range tr.Streams[0].Messages {
		frame, _ := m.Value.(map[string]any)
		data, _ := frame["Event"].(map[string]any)
		var got struct {
			Events []struct {
				Type    string
				Payload struct{ Node nodeView }
			}
		}
		if err := json.Unmarshal([]byte(field(data, "Data")), &got); err != nil {
			continue // another kind of message
		}
		for _, e := range got.Events {
			n := e.Payload.Node
			method, args := "Node.Register", dict{"Region": "global", "Node": dict{
				"ID": n.ID, "SecretID": "secret-" + n.ID, "Datacenter": n.Datacenter, "Name": n.Name, "Attributes": n.Attributes,
			}}
			if e.Type == "NodeStreamEvent" {
				method, args = "Node.UpdateStatus", dict{"Region": "global", "NodeID": n.ID, "Status": n.Status, "AuthToken": "secret-" + n.ID}
			}
			if err := stream.call(method, args, nil); err != nil {
				r.Fatal(err)
			}
		}
	}
}
